import type { Dataset, Run } from "../../api/types";
import { h } from "../../ui/dom";
import { stateWords } from "../../ui/stateChip";
import { isFiltered, type RunQuery } from "./runQuery";

const typingPauseMs = 250;
const states = ["running", "queued", "paused", "succeeded", "failed", "cancelled"] as const;
let bars = 0;

/** Search and filters above the list. */
export class FilterBar {
  readonly element: HTMLElement;
  private readonly name = h("input", { type: "search", class: "input", placeholder: "Name", attrs: { "aria-label": "Search by name" } });
  private readonly state = h(
    "select",
    { class: "select", attrs: { "aria-label": "State" } },
    h("option", { value: "" }, "Any state"),
    h("option", { value: "active" }, "Not finished"),
    states.map(state => h("option", { value: state }, stateWords(state))),
  );
  private readonly label: HTMLInputElement;
  private readonly labels: HTMLElement;
  private readonly dataset = h(
    "select",
    { class: "select", attrs: { "aria-label": "Dataset" } },
    h("option", { value: "" }, "Any dataset"),
  );
  private readonly clear = h("button", { class: "button small", type: "button" }, "Clear");
  private timer = 0;

  /** @param onChange Called a moment after the last key, and at once for a choice. */
  constructor(
    query: RunQuery,
    private readonly onChange: (change: Partial<RunQuery>) => void,
    sort: HTMLElement,
  ) {
    const id = `labels-${++bars}`;
    this.labels = h("datalist", { id });
    this.label = h("input", {
      class: "input",
      placeholder: "label=value",
      attrs: { "aria-label": "Label, as key=value", list: id },
    });
    this.name.maxLength = this.label.maxLength = 200;
    this.name.addEventListener("input", () => this.typed());
    this.label.addEventListener("input", () => this.typed());
    this.state.addEventListener("change", () => this.change());
    this.dataset.addEventListener("change", () => this.change());
    this.clear.addEventListener("click", () => this.onChange({ name: "", state: "", label: "", dataset: "" }));
    this.element = h(
      "form",
      { class: "filters", attrs: { role: "search", "aria-label": "Runs" }, on: { submit: (event: SubmitEvent) => this.submit(event) } },
      this.name,
      this.state,
      this.label,
      this.labels,
      this.dataset,
      h("span", { class: "phone-only" }, sort),
      this.clear,
    );
    this.show(query);
  }

  show(query: RunQuery): void {
    for (const field of ["name", "state", "label", "dataset"] as const) {
      if (this[field].value !== query[field]) {
        this[field].value = query[field];
      }
    }
    this.clear.hidden = !isFiltered(query);
  }

  showDatasets(datasets: Dataset[], query: RunQuery): void {
    const known = datasets.map(({ id, name, version }) => h("option", { value: id }, `${name} v${version}`));
    const isMissing = query.dataset !== "" && !datasets.some(({ id }) => id === query.dataset);
    const missing = isMissing ? [h("option", { value: query.dataset }, `Dataset ${query.dataset.slice(0, 8)}`)] : [];
    this.dataset.replaceChildren(this.dataset.options[0]!, ...known, ...missing);
    this.dataset.value = query.dataset;
  }

  /** Offers the labels of the runs that are shown. */
  offerLabels(runs: Run[]): void {
    const pairs = new Set(runs.flatMap(run => Object.entries(run.labels ?? {}).map(([key, value]) => `${key}=${value}`)));
    const wanted = [...pairs].sort().slice(0, 100);
    if (wanted.join() !== [...this.labels.children].map(option => (option as HTMLOptionElement).value).join()) {
      this.labels.replaceChildren(...wanted.map(value => h("option", { value })));
    }
  }

  dispose(): void {
    window.clearTimeout(this.timer);
  }

  private typed(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.change(), typingPauseMs);
  }

  private submit(event: Event): void {
    event.preventDefault();
    this.change();
  }

  private change(): void {
    window.clearTimeout(this.timer);
    const label = this.label.value.trim();
    // Half a label is not one yet: the service would refuse it.
    const isWhole = label === "" || label.indexOf("=") > 0;
    this.label.setCustomValidity(isWhole ? "" : "A label is key=value");
    this.onChange({
      name: this.name.value.trim(),
      state: this.state.value,
      dataset: this.dataset.value,
      ...(isWhole ? { label } : {}),
    });
  }
}
