import type { Fault } from "../../api/apiError";
import type { DatasetDetails } from "../../api/datasets";
import type { SpecSchema } from "../../spec/schema";
import type { SpecDocument } from "../../spec/specDocument";
import { h } from "../../ui/dom";
import { DatasetField } from "./datasetField";
import { groups, type FieldGroup } from "./fields";
import { createSpecField, type SpecField } from "./specField";

const generatedPlaces = [
  { path: "dataset.generated.trainSamples", label: "Training rows" },
  { path: "dataset.generated.testSamples", label: "Test rows" },
  { path: "dataset.generated.seed", label: "Seed of the data" },
].map(place => ({ ...place, when: (spec: SpecDocument) => (spec.get("dataset.generated") ?? null) !== null }));

/** The spec as fields. */
export class SpecForm {
  readonly element: HTMLElement;
  /** Shows below each field what it means. */
  readonly explain: HTMLElement;
  private readonly dataset: DatasetField;
  private readonly fields: SpecField[];

  constructor(schema: SpecSchema, spec: SpecDocument) {
    this.dataset = new DatasetField(spec);
    const name = createSpecField({ path: "name", label: "Name" }, schema, spec);
    const data = generatedPlaces.map(place => createSpecField(place, schema, spec));
    const others = groups.map(group => ({ group, fields: group.fields.map(place => createSpecField(place, schema, spec)) }));
    this.fields = [name, ...data, ...others.flatMap(({ fields }) => fields)];
    this.element = h(
      "div",
      { class: "spec-form" },
      fieldset("Run", [name.element, this.dataset.element, ...data.map(field => field.element)]),
      others.map(({ group, fields }) => section(group, fields)),
    );
    const box = h("input", {
      type: "checkbox",
      on: { change: () => this.element.classList.toggle("is-explained", box.checked) },
    });
    this.explain = h("label", { class: "check" }, box, "Explain the fields");
    spec.onChange(() => this.refresh());
    this.refresh();
  }

  offerDatasets(datasets: readonly DatasetDetails[]): void {
    this.dataset.offer(datasets);
  }

  takeDataset(id: string): void {
    this.dataset.take(id);
  }

  /** @returns Those that no field shows. */
  showFaults(faults: readonly Fault[]): Fault[] {
    const shown = new Set(this.fields.flatMap(field => field.showFaults(faults)));
    const rest = faults.filter(fault => !shown.has(fault));
    const ofDataset = new Set(this.dataset.showFaults(rest));
    // A closed group must not hide what is wrong.
    this.element.querySelectorAll("details").forEach(group => {
      group.open ||= group.querySelector("[aria-invalid]") !== null;
    });
    return rest.filter(fault => !ofDataset.has(fault));
  }

  /** Puts the focus on the first field that is marked. */
  focusFault(): boolean {
    const marked = this.element.querySelector<HTMLElement>("[aria-invalid]");
    marked?.focus();
    return marked !== null;
  }

  private refresh(): void {
    this.dataset.refresh();
    this.fields.forEach(field => field.refresh());
  }
}

const fieldset = (title: string, fields: HTMLElement[]): HTMLElement =>
  h("fieldset", {}, h("legend", {}, title), h("div", { class: "form-row" }, fields));

function section(group: FieldGroup, fields: SpecField[]): HTMLElement {
  const elements = fields.map(field => field.element);
  return group.isFurther
    ? h("details", { class: "further" }, h("summary", {}, group.title), h("div", { class: "form-row" }, elements))
    : fieldset(group.title, elements);
}
