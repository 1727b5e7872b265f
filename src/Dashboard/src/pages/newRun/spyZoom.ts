import type { SpyWindow } from "../../api/topologies";

/** Fewest neurons in a window, in each direction, where the layer has them. */
const fewest = 8;

/** A part of a layer that is looked at: moved and resized without ever leaving the layer. */
export class SpyZoom {
  private left = 0;
  private top = 0;
  private width: number;
  private height: number;

  constructor(
    readonly inputs: number,
    readonly outputs: number,
  ) {
    this.width = inputs;
    this.height = outputs;
  }

  get window(): SpyWindow {
    const [firstInput, firstOutput] = [Math.floor(this.left), Math.floor(this.top)];
    return {
      firstInput,
      inputs: Math.max(1, Math.min(this.inputs - firstInput, Math.round(this.width))),
      firstOutput,
      outputs: Math.max(1, Math.min(this.outputs - firstOutput, Math.round(this.height))),
    };
  }

  get isWhole(): boolean {
    return this.width >= this.inputs && this.height >= this.outputs;
  }

  reset(): void {
    [this.left, this.top, this.width, this.height] = [0, 0, this.inputs, this.outputs];
  }

  /** @param factor Below 1 shows less. @param x Share of the width that stays where it is. @param y The same of the height. */
  zoom(factor: number, x = 0.5, y = 0.5): void {
    const width = clamp(this.width * factor, Math.min(fewest, this.inputs), this.inputs);
    const height = clamp(this.height * factor, Math.min(fewest, this.outputs), this.outputs);
    this.left += (this.width - width) * x;
    this.top += (this.height - height) * y;
    [this.width, this.height] = [width, height];
    this.hold();
  }

  /** @param x Share of the window's width to go to the right. @param y Share of its height to go down. */
  move(x: number, y: number): void {
    this.left += this.width * x;
    this.top += this.height * y;
    this.hold();
  }

  private hold(): void {
    this.left = clamp(this.left, 0, this.inputs - this.width);
    this.top = clamp(this.top, 0, this.outputs - this.height);
  }
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));
