import { formatNumber } from "../format/format";
import { colorAt } from "./colorScale";
import { h } from "./dom";

/** Values of an image's pixels as colours; one canvas pixel per value, scaled by the browser without blurring. */
export class HeatMap {
  readonly element: HTMLCanvasElement;
  private values: number[] = [];
  private readonly image: ImageData;

  constructor(
    private readonly height: number,
    private readonly width: number,
    onPoint: (text: string) => void,
  ) {
    this.element = h("canvas", {
      class: "heat-map",
      width,
      height,
      attrs: { role: "img" },
      style: { "aspect-ratio": `${width} / ${height}` },
      on: { pointermove: event => onPoint(this.describePoint(event)), pointerleave: () => onPoint("") },
    });
    this.image = new ImageData(width, height);
  }

  /** @param lowest Value of the darkest colour. @param highest Value of the brightest. */
  draw(values: number[], lowest: number, highest: number): void {
    this.values = values;
    const width = highest - lowest || 1;
    values.forEach((value, index) => this.image.data.set([...colorAt((value - lowest) / width), 255], index * 4));
    this.element.getContext("2d")!.putImageData(this.image, 0, 0);
    const strongest = values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
    this.element.setAttribute(
      "aria-label",
      `Importance of the ${this.width} by ${this.height} input pixels, ${formatNumber(lowest)} to ${formatNumber(highest)}; ` +
        `strongest at row ${Math.floor(strongest / this.width) + 1}, column ${(strongest % this.width) + 1}.`,
    );
  }

  private describePoint(event: PointerEvent): string {
    const box = this.element.getBoundingClientRect();
    const column = Math.min(this.width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * this.width)));
    const row = Math.min(this.height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * this.height)));
    return `row ${row + 1}, column ${column + 1}: ${formatNumber(this.values[row * this.width + column])}`;
  }
}
