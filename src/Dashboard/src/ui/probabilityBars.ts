import { h, setText } from "./dom";

const mostShown = 20;

/** A bar for each class; its length and number follow what is predicted, in the order of the classes, so that nothing jumps. */
export class ProbabilityBars {
  readonly element: HTMLElement;
  private readonly list = h("ol", { class: "probabilities" });
  private readonly verdict = h("p", { class: "verdict", attrs: { role: "status" } });
  private readonly rows: { index: number; element: HTMLElement; fill: HTMLElement; value: HTMLElement }[] = [];

  constructor(private readonly names: readonly string[]) {
    this.element = h("div", { class: "prediction" }, this.verdict, this.list);
    this.build(names.slice(0, mostShown).map((_, index) => index));
    this.clear("");
  }

  /** @param why What to do to see a prediction. */
  clear(why: string): void {
    setText(this.verdict, why);
    this.verdict.classList.add("muted");
    this.rows.forEach(row => this.fill(row, null, false));
  }

  show(probabilities: readonly number[]): void {
    const order = probabilities.map((_, index) => index);
    if (this.names.length > mostShown) {
      // Too many to show: the most probable ones.
      order.sort((a, b) => probabilities[b]! - probabilities[a]!);
      this.build(order.slice(0, mostShown));
    }
    const best = probabilities.indexOf(Math.max(...probabilities));
    this.verdict.classList.remove("muted");
    setText(this.verdict, `${this.names[best]} (${percent(probabilities[best]!)})`);
    this.rows.forEach(row => this.fill(row, probabilities[row.index]!, row.index === best));
  }

  private fill(row: (typeof this.rows)[number], share: number | null, isBest: boolean): void {
    row.fill.style.setProperty("transform", `scaleX(${share ?? 0})`);
    row.element.classList.toggle("is-best", isBest);
    setText(row.value, share === null ? "–" : percent(share));
  }

  private build(indexes: number[]): void {
    this.rows.length = 0;
    for (const index of indexes) {
      const fill = h("i", {});
      const value = h("span", { class: "probability-value" });
      const element = h(
        "li",
        {},
        h("span", { class: "probability-name", title: this.names[index]! }, this.names[index]),
        h("span", { class: "probability-bar", attrs: { "aria-hidden": "true" } }, fill),
        value,
      );
      this.rows.push({ index, element, fill, value });
    }
    this.list.replaceChildren(...this.rows.map(row => row.element));
  }
}

/** Always one decimal: numbers that change while one draws keep their width. */
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
