import { h } from "./dom";

/** What the pad does to the pixels under the pen. */
export type PenMode = "draw" | "erase";

/**
 * An image drawn with the mouse, a finger or the keyboard: arrows move a cursor, Space dips the pen there, and with Shift held down the
 * arrows draw. Pixels are shares of ink from 0 to 1, row by row.
 */
export class DrawingPad {
  readonly element: HTMLCanvasElement;
  mode: PenMode = "draw";
  private readonly ink: Float32Array;
  private readonly image: ImageData;
  private readonly radius: number;
  private last: [x: number, y: number] | null = null;
  /** Shown once the keyboard is used. */
  private cursor: [column: number, row: number] | null = null;

  /** @param onChange The picture changed. */
  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly onChange: () => void,
  ) {
    this.ink = new Float32Array(width * height);
    this.image = new ImageData(width, height);
    this.radius = Math.max(0.75, Math.min(width, height) / 22);
    this.element = h("canvas", {
      class: "drawing-pad",
      width,
      height,
      tabIndex: 0,
      attrs: { role: "application", "aria-roledescription": "drawing area" },
      style: { "aspect-ratio": `${width} / ${height}` },
      on: {
        pointerdown: event => this.press(event),
        pointermove: event => this.move(event),
        pointerup: () => (this.last = null),
        pointercancel: () => (this.last = null),
        keydown: event => this.key(event),
        blur: () => this.showCursor(null),
      },
    });
    this.draw();
  }

  get isEmpty(): boolean {
    return this.ink.every(share => share === 0);
  }

  /** Shares of ink, row by row; a copy. */
  get pixels(): Float32Array {
    return this.ink.slice();
  }

  clear(): void {
    this.ink.fill(0);
    this.changed();
  }

  /** Takes a picture in place of what was drawn. */
  load(shares: ArrayLike<number>): void {
    this.ink.set(shares);
    this.changed();
  }

  private press(event: PointerEvent): void {
    if (event.button === 0) {
      this.element.setPointerCapture(event.pointerId);
      this.cursor = null;
      this.last = this.place(event);
      this.stroke(this.last, this.last);
    }
  }

  private move(event: PointerEvent): void {
    if (this.last !== null) {
      // A fast hand moves further than a pixel between two frames: all that was in between counts.
      for (const each of event.getCoalescedEvents?.() ?? [event]) {
        const place = this.place(each);
        this.stroke(this.last, place);
        this.last = place;
      }
    }
  }

  private place(event: PointerEvent): [number, number] {
    const box = this.element.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.width, ((event.clientY - box.top) / box.height) * this.height];
  }

  private key(event: KeyboardEvent): void {
    const step = steps[event.key];
    if (step) {
      const [column, row] = this.cursor ?? [Math.floor(this.width / 2), Math.floor(this.height / 2)];
      const next: [number, number] = [clamp(column + step[0], this.width), clamp(row + step[1], this.height)];
      if (event.shiftKey) {
        this.stroke([column + 0.5, row + 0.5], [next[0] + 0.5, next[1] + 0.5]);
      }
      this.showCursor(next);
    } else if (event.key === " ") {
      const [column, row] = this.cursor ?? [Math.floor(this.width / 2), Math.floor(this.height / 2)];
      this.stroke([column + 0.5, row + 0.5], [column + 0.5, row + 0.5]);
      this.showCursor([column, row]);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
  }

  private showCursor(cursor: [number, number] | null): void {
    this.cursor = cursor;
    this.draw();
  }

  /** A round pen with a soft edge along a line. */
  private stroke([x0, y0]: [number, number], [x1, y1]: [number, number]): void {
    const reach = this.radius + 1;
    const [left, right] = [Math.max(0, Math.floor(Math.min(x0, x1) - reach)), Math.min(this.width, Math.ceil(Math.max(x0, x1) + reach))];
    const [top, bottom] = [Math.max(0, Math.floor(Math.min(y0, y1) - reach)), Math.min(this.height, Math.ceil(Math.max(y0, y1) + reach))];
    const [dx, dy] = [x1 - x0, y1 - y0];
    const length = dx * dx + dy * dy;
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const [px, py] = [column + 0.5 - x0, row + 0.5 - y0];
        const along = length === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / length));
        const cover = Math.max(0, Math.min(1, this.radius + 0.5 - Math.hypot(px - along * dx, py - along * dy)));
        const index = row * this.width + column;
        const before = this.ink[index]!;
        this.ink[index] = this.mode === "draw" ? Math.max(before, cover) : Math.min(before, 1 - cover);
      }
    }
    this.changed();
  }

  private changed(): void {
    this.draw();
    this.onChange();
  }

  private draw(): void {
    this.ink.forEach((share, index) => this.image.data.set([share * 255, share * 255, share * 255, 255], index * 4));
    if (this.cursor !== null) {
      this.image.data.set([255, 140, 60, 255], (this.cursor[1] * this.width + this.cursor[0]) * 4);
    }
    this.element.getContext("2d")!.putImageData(this.image, 0, 0);
    const inked = this.ink.reduce((count, share) => count + (share > 0.5 ? 1 : 0), 0);
    const where = this.cursor === null ? "" : ` Cursor at row ${this.cursor[1] + 1}, column ${this.cursor[0] + 1}.`;
    this.element.setAttribute(
      "aria-label",
      `Drawing area of ${this.width} by ${this.height} pixels, ${inked} of them inked.${where} ` +
        "Arrow keys move, Space draws, Shift with arrows draws a line, Delete clears.",
    );
  }
}

const steps: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const clamp = (value: number, size: number): number => Math.max(0, Math.min(size - 1, value));
