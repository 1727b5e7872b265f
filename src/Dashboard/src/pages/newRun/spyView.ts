import { describeError } from "../../api/apiError";
import type { SpyPlot, SpyWindow } from "../../api/topologies";
import { formatCount, formatInteger } from "../../format/format";
import { onThemeChange, themeColor } from "../../shell/theme";
import { h, setText } from "../../ui/dom";
import { SpyZoom } from "./spyZoom";

const side = 720;
const waitMs = 90;
const wheelStep = 1.2;
const keyStep = 1.5;

/** Where a layer's connections lie: a picture that is zoomed with the wheel, moved by dragging, and both with the keyboard. */
export class SpyView {
  readonly element: HTMLElement;
  private readonly canvas = h("canvas", {
    class: "spy",
    width: side,
    height: side,
    tabIndex: 0,
    attrs: { role: "img", "aria-describedby": "spy-help" },
  });
  private readonly place = h("p", { class: "small", attrs: { "aria-live": "polite" } });
  private readonly removeThemeListener = onThemeChange(() => this.draw());
  private zoom = new SpyZoom(1, 1);
  private plot: SpyPlot | null = null;
  private load: ((window: SpyWindow, signal: AbortSignal) => Promise<SpyPlot>) | null = null;
  private abort = new AbortController();
  private timer = 0;
  private drag: { x: number; y: number } | null = null;

  constructor() {
    const button = (text: string, label: string, act: () => void) =>
      h("button", { class: "button small", type: "button", attrs: { "aria-label": label }, on: { click: act } }, text);
    this.listen();
    this.element = h(
      "figure",
      { class: "spy-view" },
      this.canvas,
      h(
        "figcaption",
        {},
        this.place,
        h(
          "div",
          { class: "spy-tools" },
          button("+", "Zoom in", () => this.act(() => this.zoom.zoom(1 / keyStep))),
          button("−", "Zoom out", () => this.act(() => this.zoom.zoom(keyStep))),
          button("Whole layer", "Show the whole layer", () => this.act(() => this.zoom.reset())),
        ),
        h("p", { class: "hint", id: "spy-help" }, "Wheel or + and − zoom, dragging or the arrow keys move, 0 shows the whole layer."),
      ),
    );
  }

  /** Shows a layer; the window stays where it is when the layer has the size of the one before. */
  show(inputs: number, outputs: number, load: (window: SpyWindow, signal: AbortSignal) => Promise<SpyPlot>): void {
    if (this.zoom.inputs !== inputs || this.zoom.outputs !== outputs) {
      this.zoom = new SpyZoom(inputs, outputs);
    }
    this.load = load;
    void this.fetch();
  }

  dispose(): void {
    window.clearTimeout(this.timer);
    this.abort.abort();
    this.removeThemeListener();
  }

  private listen(): void {
    const { canvas } = this;
    const place = (event: MouseEvent): [number, number] => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    canvas.addEventListener(
      "wheel",
      event => {
        // At the whole layer the wheel scrolls the page on, so that nobody is caught in the picture.
        if (event.deltaY > 0 && this.zoom.isWhole) {
          return;
        }
        event.preventDefault();
        this.act(() => this.zoom.zoom(event.deltaY > 0 ? wheelStep : 1 / wheelStep, ...place(event)));
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", event => {
      const [x, y] = place(event);
      this.drag = { x, y };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", event => {
      if (this.drag) {
        const [x, y] = place(event);
        const [dx, dy] = [this.drag.x - x, this.drag.y - y];
        this.drag = { x, y };
        this.act(() => this.zoom.move(dx, dy));
      }
    });
    const end = () => (this.drag = null);
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("keydown", event => this.press(event));
  }

  private press(event: KeyboardEvent): void {
    const act = {
      "+": () => this.zoom.zoom(1 / keyStep),
      "=": () => this.zoom.zoom(1 / keyStep),
      "-": () => this.zoom.zoom(keyStep),
      "0": () => this.zoom.reset(),
      Home: () => this.zoom.reset(),
      ArrowLeft: () => this.zoom.move(-0.2, 0),
      ArrowRight: () => this.zoom.move(0.2, 0),
      ArrowUp: () => this.zoom.move(0, -0.2),
      ArrowDown: () => this.zoom.move(0, 0.2),
    }[event.key];
    if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.act(act);
    }
  }

  /** What is here is drawn at once, stretched to its new place; what is missing comes a moment later. */
  private act(change: () => void): void {
    change();
    this.draw();
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.fetch(), waitMs);
  }

  private async fetch(): Promise<void> {
    if (!this.load) {
      return;
    }
    this.abort.abort();
    const abort = (this.abort = new AbortController());
    this.canvas.setAttribute("aria-busy", "true");
    try {
      this.plot = await this.load(this.zoom.window, abort.signal);
      this.tell(this.plot);
      this.draw();
    } catch (error) {
      if (!abort.signal.aborted) {
        this.plot = null;
        this.draw();
        setText(this.place, describeError(error));
      }
    } finally {
      if (!abort.signal.aborted) {
        this.canvas.removeAttribute("aria-busy");
      }
    }
  }

  private tell({ layer, window: { firstInput, inputs, firstOutput, outputs }, nnz, largest }: SpyPlot): void {
    const columns = `input neurons ${formatInteger(firstInput)} to ${formatInteger(firstInput + inputs - 1)}`;
    const rows = `output neurons ${formatInteger(firstOutput)} to ${formatInteger(firstOutput + outputs - 1)}`;
    const each = largest > 1 ? `, up to ${formatInteger(largest)} in a dot` : "";
    setText(this.place, `${columns} (across), ${rows} (down): ${formatCount(nnz)} connections${each}`);
    this.canvas.setAttribute("aria-label", `Connections of layer ${layer}: ${nnz} between ${columns} and ${rows}`);
  }

  private draw(): void {
    const context = this.canvas.getContext("2d")!;
    context.clearRect(0, 0, side, side);
    if (!this.plot) {
      return;
    }
    const { plot } = this;
    const now = this.zoom.window;
    const [scaleX, scaleY] = [side / now.inputs, side / now.outputs];
    context.imageSmoothingEnabled = plot.gridColumns > side || plot.gridRows > side;
    context.drawImage(
      paint(plot),
      (plot.window.firstInput - now.firstInput) * scaleX,
      (plot.window.firstOutput - now.firstOutput) * scaleY,
      plot.window.inputs * scaleX,
      plot.window.outputs * scaleY,
    );
  }
}

/** A pixel for each cell of the grid: the more connections, the stronger the colour. */
function paint({ gridColumns, gridRows, counts, largest }: SpyPlot): HTMLCanvasElement {
  const canvas = h("canvas", { width: gridColumns, height: gridRows });
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(gridColumns, gridRows);
  const [red, green, blue] = colorOf(themeColor("--accent"));
  counts.forEach((count, index) => {
    if (count > 0) {
      image.data.set([red, green, blue, 60 + 195 * (count / largest)], index * 4);
    }
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

const colorOf = (hex: string): [number, number, number] =>
  [1, 3, 5].map(at => Number.parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];
