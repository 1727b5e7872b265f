import type { Fault } from "../../api/apiError";
import type { DatasetDetails } from "../../api/datasets";
import { formatInteger } from "../../format/format";
import type { SpecDocument } from "../../spec/specDocument";
import { h, setText } from "../../ui/dom";
import { describe } from "./specField";

interface Shape {
  features: number;
  /** 0 for numbers to predict. */
  classes: number;
}

/** What a spec may hold where it names its dataset; nothing of it was checked. */
interface Reference {
  id?: unknown;
  name?: unknown;
  generated?: { kind?: unknown } | null;
}

const generated: Record<string, Shape & { text: string }> = {
  glyphs: { features: 784, classes: 10, text: "glyphs: pictures of ten signs" },
  madelon: { features: 500, classes: 2, text: "madelon: 20 of 500 features tell something" },
  echoes: { features: 65_536, classes: 2, text: "echoes: pictures of 256 by 256" },
};

/** Which data the run trains on: one that is here, or one that the service draws. Choosing one makes the network's ends fit. */
export class DatasetField {
  readonly element: HTMLElement;
  private readonly own = h("optgroup", { label: "Your service's datasets" });
  private readonly other = h("option", { value: "other", hidden: true });
  private readonly select = h(
    "select",
    { class: "input", id: "spec-dataset", attrs: { "aria-describedby": "spec-dataset-error" }, on: { change: () => this.choose() } },
    h("option", { value: "" }, "choose a dataset"),
    this.other,
    this.own,
    h(
      "optgroup",
      { label: "Drawn by the service" },
      Object.entries(generated).map(([kind, { text }]) => h("option", { value: `generated:${kind}` }, text)),
    ),
  );
  private readonly error = h("span", { class: "field-fault", id: "spec-dataset-error" });
  private datasets: readonly DatasetDetails[] = [];

  constructor(private readonly spec: SpecDocument) {
    this.element = h(
      "div",
      { class: "field" },
      h("label", { attrs: { for: "spec-dataset" } }, "Dataset"),
      this.select,
      this.error,
    );
  }

  offer(datasets: readonly DatasetDetails[]): void {
    this.datasets = datasets;
    this.own.replaceChildren(
      ...datasets.map(dataset => {
        const labels = dataset.classes === 0 ? "numbers" : `${formatInteger(dataset.classes)} classes`;
        const text = `${dataset.name} v${dataset.version}: ${formatInteger(dataset.features)} features, ${labels}`;
        return h("option", { value: dataset.id }, text);
      }),
    );
    this.own.hidden = datasets.length === 0;
    this.refresh();
  }

  /** Takes a dataset as if it had been chosen. */
  take(id: string): void {
    this.select.value = id;
    this.choose();
  }

  refresh(): void {
    const reference = this.spec.get("dataset") as Reference | null | undefined;
    const kind = reference?.generated?.kind;
    const named = this.datasets.find(dataset => dataset.id === reference?.id || dataset.name === reference?.name);
    const value = kind !== undefined ? `generated:${String(kind)}` : (named?.id ?? "");
    this.other.hidden = true;
    this.select.value = value;
    if (value === "" && reference) {
      // Named in the spec and not here (yet): shown, so that the form does not pretend that nothing was chosen.
      setText(this.other, `${String(reference.name ?? reference.id ?? "unknown")} (not here)`);
      this.other.hidden = false;
      this.select.value = "other";
    }
  }

  showFaults(faults: readonly Fault[]): Fault[] {
    const mine = faults.filter(({ path }) => path === "$.dataset" || path.startsWith("$.dataset."));
    setText(this.error, mine.map(fault => `${fault.path.slice(2)}: ${describe(fault, fault.path)}`).join(" "));
    if (mine.length > 0) {
      this.select.setAttribute("aria-invalid", "true");
    } else {
      this.select.removeAttribute("aria-invalid");
    }
    return mine;
  }

  private choose(): void {
    const [, kind] = this.select.value.split(":");
    const dataset = this.datasets.find(each => each.id === this.select.value);
    const shape = kind !== undefined ? generated[kind] : dataset;
    if (this.select.value === "other" || !shape) {
      return;
    }
    const reference =
      kind !== undefined ? { generated: { kind, trainSamples: 6000, testSamples: 1000, seed: 1 } } : { id: this.select.value };
    this.spec.setAll([["dataset", reference], ...this.fit(shape)]);
  }

  /** The first layer is as wide as the data, the last one has a neuron for each class, and the loss is of that kind. */
  private fit({ features, classes }: Shape): [string, unknown][] {
    const layers = this.spec.get("training.network.layers");
    const inner = Array.isArray(layers) && layers.length > 2 ? layers.slice(1, -1) : [300];
    const loss = this.spec.get("training.loss");
    const binary = loss === "binaryCrossEntropy" && classes === 2;
    const changes: [string, unknown][] = [
      ["training.network.layers", [features, ...inner, classes === 0 || binary ? 1 : classes]],
    ];
    if (classes === 0) {
      changes.push(["training.loss", "squaredError"]);
    } else if (loss === "squaredError" || (loss === "binaryCrossEntropy" && !binary)) {
      changes.push(["training.loss", "softmaxCrossEntropy"]);
    }
    return changes;
  }
}
