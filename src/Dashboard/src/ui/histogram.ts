import { formatNumber } from "../format/format";
import { h, setText } from "./dom";

export interface HistogramData {
  /** Lower end of the first bin. */
  minimum: number;
  binWidth: number;
  counts: readonly number[];
  /** For screen readers. */
  name: string;
  /** What is counted. */
  noun: string;
}

/** Bars over a scale; a bar's title says how many it counts. */
export class Histogram {
  readonly element: HTMLElement;
  private readonly bars = h("div", { class: "histogram", attrs: { role: "img" } });
  private readonly scale = [h("span", {}), h("span", {}), h("span", {})] as const;

  constructor(className = "") {
    this.element = h("div", { class: className }, this.bars, h("div", { class: "histogram-scale" }, [...this.scale]));
  }

  draw({ minimum, binWidth, counts, name, noun }: HistogramData): void {
    const highest = Math.max(1, ...counts);
    while (this.bars.children.length < counts.length) {
      this.bars.append(h("i", {}));
    }
    while (this.bars.children.length > counts.length) {
      this.bars.lastElementChild!.remove();
    }
    counts.forEach((count, index) => {
      const bar = this.bars.children[index] as HTMLElement;
      bar.style.setProperty("--h", String(count / highest));
      const from = minimum + index * binWidth;
      bar.title = `${formatNumber(from)} to ${formatNumber(from + binWidth)}: ${count} ${noun}`;
    });
    const maximum = minimum + counts.length * binWidth;
    [minimum, (minimum + maximum) / 2, maximum].forEach((value, index) => setText(this.scale[index]!, formatNumber(value)));
    this.bars.setAttribute("aria-label", name);
  }
}
