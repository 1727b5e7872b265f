import type { Run } from "../../api/types";

/** A setting of the spec and what each run has there; undefined where it has none. */
export interface SettingRow {
  path: string;
  values: (string | undefined)[];
  differs: boolean;
}

/** Every setting of the runs' specs, in the order of the first spec that has it; names aside. */
export function compareSettings(runs: readonly Run[]): SettingRow[] {
  const flat = runs.map(run => {
    const settings = new Map<string, string>();
    const { name: _name, labels, ...spec } = run.spec;
    flatten(spec, "", settings);
    flatten({ labels: run.labels ?? labels ?? {} }, "", settings);
    return settings;
  });
  const paths = new Set(flat.flatMap(settings => [...settings.keys()]));
  return [...paths].map(path => {
    const values = flat.map(settings => settings.get(path));
    return { path, values, differs: new Set(values).size > 1 };
  });
}

/** The runs that no other one beats with as many connections or fewer, from the fewest connections on. */
export function frontier<T extends { nnz: number; accuracy: number }>(points: readonly T[]): T[] {
  const sorted = [...points].sort((a, b) => a.nnz - b.nnz || b.accuracy - a.accuracy);
  let best = -Infinity;
  return sorted.filter(({ accuracy }) => {
    const isBetter = accuracy > best;
    best = Math.max(best, accuracy);
    return isBetter;
  });
}

function flatten(value: unknown, path: string, into: Map<string, string>): void {
  if (Array.isArray(value)) {
    into.set(path.replace(/^training\./, ""), value.every(item => typeof item !== "object") ? value.join(" – ") : JSON.stringify(value));
  } else if (typeof value === "object" && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      flatten(part, path === "" ? name : `${path}.${name}`, into);
    }
  } else if (value !== undefined && value !== null) {
    into.set(path.replace(/^training\./, ""), String(value));
  }
}
