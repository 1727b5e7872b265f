import type { Draft } from "../../spec/specDocument";
import { demoSpec } from "../runs/demoSpec";

export interface Example {
  name: string;
  load(): Promise<Draft>;
}

// The files that the README names and the command line trains: there is one copy of them.
const files = import.meta.glob<string>("../../../../../deploy/examples/*.json", { query: "?raw", import: "default" });

const titles: Record<string, string> = {
  glyphs: "Glyphs, small (drawn by the service)",
  "fashion-mnist": "Fashion-MNIST, as published",
  madelon: "Madelon, as published",
  cifar10: "CIFAR-10, as published",
  higgs: "Higgs, as published",
  leukemia: "Leukemia, as published",
  "bat-brain": "As many neurons as a bat's brain",
};

/** Specs to begin with: the demo, and those under deploy/examples. */
export const examples: readonly Example[] = [
  { name: "The demo run", load: () => Promise.resolve(structuredClone(demoSpec) as unknown as Draft) },
  ...Object.entries(files)
    .map(([path, read]) => {
      const name = path.slice(path.lastIndexOf("/") + 1, -".json".length);
      return { key: name, name: titles[name] ?? name, load: async () => JSON.parse(await read()) as Draft };
    })
    .sort((a, b) => order(a.key) - order(b.key)),
];

function order(key: string): number {
  const place = Object.keys(titles).indexOf(key);
  return place === -1 ? Object.keys(titles).length : place;
}
