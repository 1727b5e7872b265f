import { formatDuration, formatInteger, formatNumber } from "../format/format";
import type { XAxis } from "../series/curvePlace";
import { h, setText } from "./dom";

const axes: { axis: XAxis; words: string }[] = [
  { axis: "epoch", words: "Epochs" },
  { axis: "step", words: "Steps" },
  { axis: "time", words: "Training time" },
];

/** How curves are drawn; the same for all charts of a page. */
export class CurveSettings {
  axis: XAxis = "epoch";
  /** Share of the past in the moving average, 0 to below 1. */
  smoothing = 0;
  /** Values on a logarithmic axis. */
  isLog = false;
  readonly element: HTMLElement;
  private readonly listeners: ((change: "axis" | "smoothing" | "log") => void)[] = [];

  /** @param logLabel Words of the switch for the logarithmic axis. @param first Choices in front. */
  constructor(logLabel: string, ...first: HTMLElement[]) {
    const axis = h(
      "select",
      { class: "select", on: { change: () => this.change("axis", () => (this.axis = axis.value as XAxis)) } },
      axes.map(({ axis: value, words }) => h("option", { value }, words)),
    );
    const share = h("span", { class: "range-value" }, "0");
    const smoothing = h("input", {
      type: "range",
      min: "0",
      max: "0.99",
      step: "0.01",
      value: "0",
      on: {
        input: () => {
          setText(share, formatNumber(smoothing.valueAsNumber));
          this.change("smoothing", () => (this.smoothing = smoothing.valueAsNumber));
        },
      },
    });
    const log = h("input", { type: "checkbox", on: { change: () => this.change("log", () => (this.isLog = log.checked)) } });
    this.element = h(
      "div",
      { class: "bar span-12", attrs: { role: "group", "aria-label": "Curves" } },
      first,
      h("label", { class: "check" }, "Axis", axis),
      h("label", { class: "check" }, "Smoothing", smoothing, share),
      h("label", { class: "check" }, log, logLabel),
      h("span", { class: "hint" }, "Drag in a chart to zoom"),
    );
  }

  onChange(listener: (change: "axis" | "smoothing" | "log") => void): void {
    this.listeners.push(listener);
  }

  get xLabel(): string {
    return this.axis === "time" ? "training time" : this.axis;
  }

  formatX(value: number): string {
    return this.axis === "time"
      ? formatDuration(value)
      : this.axis === "step"
        ? formatInteger(value)
        : String(Number(value.toPrecision(6)));
  }

  private change(what: "axis" | "smoothing" | "log", set: () => void): void {
    set();
    this.listeners.forEach(listener => listener(what));
  }
}
