import { colorAt } from "./colorScale";
import { h } from "./dom";

/** A column of counts over a range of values. */
export interface HeatColumn {
  minimum: number;
  maximum: number;
  /** Counts in equal bins from minimum to maximum. */
  histogram: readonly number[];
}

const rows = 40;

/** How a distribution changes: columns from left to right, values from bottom to top, the more the brighter. */
export class TimeHeat {
  readonly element = h("canvas", { class: "time-heat", width: 1, height: rows, attrs: { role: "img" } });

  /** @param name For screen readers. */
  draw(columns: readonly HeatColumn[], name: string): void {
    const [low, high] = rangeOf(columns);
    this.element.width = Math.max(1, columns.length);
    this.element.setAttribute("aria-label", name);
    const image = new ImageData(this.element.width, rows);
    columns.forEach((column, x) => {
      const counts = rebin(column, low, high, rows);
      const most = Math.max(...counts, 1e-9);
      counts.forEach((count, row) => {
        const color = count === 0 ? [0, 0, 0, 0] : [...colorAt(Math.sqrt(count / most)), 255];
        image.data.set(color, ((rows - 1 - row) * this.element.width + x) * 4);
      });
    });
    this.element.getContext("2d")!.putImageData(image, 0, 0);
  }
}

export function rangeOf(columns: readonly HeatColumn[]): [number, number] {
  const low = columns.reduce((least, { minimum }) => Math.min(least, minimum), Infinity);
  const high = columns.reduce((most, { maximum }) => Math.max(most, maximum), -Infinity);
  return low < high ? [low, high] : [Number.isFinite(low) ? low : 0, (Number.isFinite(low) ? low : 0) + 1];
}

/** The column's counts in other bins; a bin that lies in two is divided between them. */
export function rebin({ minimum, maximum, histogram }: HeatColumn, low: number, high: number, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  const width = (high - low) / bins;
  const step = (maximum - minimum) / histogram.length;
  histogram.forEach((count, index) => {
    const from = (minimum + index * step - low) / width;
    const to = Math.max(from, (minimum + (index + 1) * step - low) / width);
    const [first, last] = [Math.max(0, Math.floor(from)), Math.min(bins - 1, Math.ceil(to) - 1)];
    if (last <= first) {
      counts[Math.min(first, bins - 1)]! += count;
      return;
    }
    for (let bin = first; bin <= last; bin++) {
      counts[bin]! += (count * (Math.min(to, bin + 1) - Math.max(from, bin))) / (to - from);
    }
  });
  return counts;
}
