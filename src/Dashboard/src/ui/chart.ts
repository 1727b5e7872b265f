import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { onThemeChange, themeColor } from "../shell/theme";
import { h, setText } from "./dom";

export interface ChartSeries {
  label: string;
  /** Name of a CSS variable. */
  color: string;
  width?: number;
  dash?: number[];
  /** Bars in place of a line. */
  bars?: boolean;
  format(value: number | null | undefined): string;
}

export interface Curve {
  x: readonly number[];
  y: readonly number[];
}

export interface ChartOptions {
  /** What the chart shows, for screen readers. */
  name: string;
  xLabel: string;
  height: number;
  series: ChartSeries[];
  formatAxis(value: number): string;
  /** Values of the x axis; numbers as they are when it is absent. */
  formatX?(value: number): string;
  isLog?: boolean;
  /** Points of their own, on a logarithmic x axis; a series that is dashed is a line between them. */
  isScatter?: boolean;
  /** Lower and upper bound that the axis must contain. */
  yRange?: [number | null, number | null];
}

/** A time curve with a legend that shows the newest values, or those under the cursor. */
export class Chart {
  readonly element: HTMLElement;
  readonly legend: HTMLElement;
  private readonly canvasHost: HTMLElement;
  private readonly values: HTMLElement[];
  /** Where the cursor is. */
  private readonly place = h("span", { class: "legend-place" });
  private readonly observer: ResizeObserver;
  private readonly stopThemeWatch: () => void;
  private plot: uPlot | null = null;
  private curves: Curve[];
  private data: uPlot.AlignedData = [[]];
  private isLog: boolean;
  /** What a person has zoomed to; stays while new points come. */
  private zoom: [number, number] | null = null;
  private readonly resetButton = h(
    "button",
    { class: "button small chart-reset", hidden: true, on: { click: () => this.setZoom(null) } },
    "Reset zoom",
  );

  constructor(private options: ChartOptions) {
    this.isLog = options.isLog ?? false;
    this.curves = options.series.map(() => ({ x: [], y: [] }));
    this.values = options.series.map(() => h("span", { class: "legend-value" }, "–"));
    this.legend = h(
      "div",
      { class: "legend" },
      this.place,
      options.series.map((series, index) =>
        h(
          "span",
          { class: "legend-item" },
          h("i", { class: series.bars ? "swatch block" : "swatch", style: { "--swatch": `var(${series.color})` } }),
          series.label,
          this.values[index],
        ),
      ),
    );
    this.canvasHost = h("div", {
      class: "chart-host",
      tabIndex: 0,
      title: "Drag to zoom, double click to reset. Keys: + and - zoom, arrows move, 0 resets.",
      style: { height: `${options.height}px` },
      attrs: { role: "img" },
      on: { keydown: event => this.onKey(event), dblclick: () => this.setZoom(null) },
    });
    this.element = h("div", { class: "chart" }, this.canvasHost, this.resetButton);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.canvasHost);
    this.stopThemeWatch = onThemeChange(() => this.rebuild());
  }

  /** One curve per series, in the order of the options. */
  setCurves(curves: Curve[]): void {
    this.curves = curves;
    this.draw();
  }

  setLog(isLog: boolean): void {
    this.isLog = isLog;
    this.rebuild();
  }

  /** Another x axis: its values are other ones, so a zoom is over. */
  setX(xLabel: string, formatX: (value: number) => string): void {
    this.options = { ...this.options, xLabel, formatX };
    this.zoom = null;
    this.resetButton.hidden = true;
    this.rebuild();
  }

  dispose(): void {
    this.observer.disconnect();
    this.stopThemeWatch();
    this.plot?.destroy();
  }

  private draw(): void {
    const tables = this.curves.map(
      ({ x, y }): uPlot.AlignedData => [[...x], y.map(value => (this.isLog && value <= 0 ? null : value))],
    );
    this.data = tables.some(table => table[0].length > 0)
      ? uPlot.join(
          tables,
          tables.map(table => table.slice(1).map(() => 2)),
        )
      : [[], ...tables.map(() => [])];
    this.plot?.setData(this.data, this.zoom === null);
    this.applyZoom();
    this.showValues(this.plot?.cursor.idx ?? null);
    this.describe();
  }

  private rebuild(): void {
    this.plot?.destroy();
    this.plot = null;
    this.draw();
    this.resize();
  }

  private resize(): void {
    const width = Math.floor(this.canvasHost.clientWidth);
    if (width === 0) {
      return;
    }
    if (this.plot) {
      this.plot.setSize({ width, height: this.options.height });
    } else {
      this.plot = new uPlot(this.plotOptions(width), this.data, this.canvasHost);
      this.applyZoom();
    }
  }

  private applyZoom(): void {
    if (this.zoom && this.plot) {
      this.plot.setScale("x", { min: this.zoom[0], max: this.zoom[1] });
    }
  }

  private setZoom(zoom: [number, number] | null): void {
    this.zoom = zoom;
    this.resetButton.hidden = zoom === null;
    if (zoom === null) {
      this.plot?.setData(this.data);
    } else {
      this.applyZoom();
    }
  }

  private onKey(event: KeyboardEvent): void {
    const xs = this.data[0];
    const move = keyMoves[event.key];
    if (move === undefined || xs.length < 2 || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    event.preventDefault();
    const [first, last] = [xs[0]!, xs[xs.length - 1]!];
    const [from, to] = this.zoom ?? [first, last];
    const [nextFrom, nextTo] = move(from, to);
    const isWhole = nextTo - nextFrom >= last - first;
    const shift = Math.max(0, first - nextFrom) - Math.max(0, nextTo - last);
    this.setZoom(isWhole ? null : [nextFrom + shift, nextTo + shift]);
  }

  /** After a drag. */
  private onSelect(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width > 0) {
      this.setZoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    }
  }

  private plotOptions(width: number): uPlot.Options {
    const axis = {
      stroke: themeColor("--text-faint"),
      font: `11px ${getComputedStyle(document.body).fontFamily}`,
      grid: { stroke: themeColor("--grid"), width: 1 },
      ticks: { show: false },
    };
    return {
      width,
      height: this.options.height,
      padding: [8, this.options.isScatter ? 20 : 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: false } },
      scales: {
        x: this.options.isScatter
          ? { time: false, distr: 3, log: 10, range: scatterRange }
          : { time: false, range: this.options.series.some(series => series.bars) ? barRange : lineRange },
        y: this.yScale(),
      },
      axes: [
        {
          ...axis,
          label: this.options.xLabel,
          labelSize: 16,
          labelFont: axis.font,
          size: 26,
          gap: 4,
          ...(this.options.isScatter
            ? { filter: (_, ticks) => roundTicks(ticks) }
            : { incrs: (_, __, min, max) => (max - min < 2 ? partSteps : wholeSteps) }),
          values: (plot, ticks) => ticks.map(tick => (tick === null || isEmpty(plot) ? "" : this.formatX(tick))),
        },
        {
          ...axis,
          size: 52,
          gap: 4,
          values: (plot, ticks) => ticks.map(tick => (tick === null || isEmpty(plot) ? "" : this.options.formatAxis(tick))),
        },
      ],
      series: [{}, ...this.options.series.map(series => lineOptions(series, this.options.isScatter === true))],
      hooks: {
        setCursor: [plot => this.showValues(plot.cursor.idx ?? null)],
        setSelect: [plot => this.onSelect(plot)],
      },
    };
  }

  private formatX(value: number): string {
    return this.options.formatX?.(value) ?? String(Number(value.toPrecision(6)));
  }

  private yScale(): uPlot.Scale {
    if (this.isLog) {
      return { distr: 3, log: 10 };
    }
    const [low, high] = this.options.yRange ?? [null, null];
    return {
      range: (_, min, max) => {
        if (min === null || max === null) {
          return [low ?? 0, high ?? 1];
        }
        const margin = (max - min) * 0.06 || Math.abs(max) * 0.1 || 0.1;
        return [
          low === null ? min - margin : Math.max(low, min - margin),
          high === null ? max + margin : Math.min(high, max + margin),
        ];
      },
    };
  }

  private showValues(index: number | null): void {
    const x = index === null ? undefined : this.data[0][index];
    setText(this.place, x === undefined ? "" : `${this.options.xLabel} ${this.formatX(x)}`);
    this.values.forEach((element, series) => {
      const column = this.data[series + 1] ?? [];
      const isExact = this.options.isScatter === true;
      const value = index === null ? this.curves[series]?.y.at(-1) : isExact ? column[index] : nearestValue(column, index);
      setText(element, this.options.series[series]!.format(value));
    });
  }

  private describe(): void {
    const words = this.options.series.map((series, index) => `${series.label} ${series.format(this.curves[index]?.y.at(-1))}`);
    this.canvasHost.setAttribute("aria-label", `${this.options.name}. Newest values: ${words.join(", ")}.`);
  }
}

const keyMoves: Record<string, (from: number, to: number) => [number, number]> = {
  "+": (from, to) => [from + (to - from) / 4, to - (to - from) / 4],
  "-": (from, to) => [from - (to - from) / 2, to + (to - from) / 2],
  ArrowLeft: (from, to) => [from - (to - from) / 8, to - (to - from) / 8],
  ArrowRight: (from, to) => [from + (to - from) / 8, to + (to - from) / 8],
  "0": () => [-Infinity, Infinity],
  Escape: () => [-Infinity, Infinity],
};
const partSteps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];
const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 1e6, 1e7];

function lineRange(_: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null) {
    return [0, 1];
  }
  return min === max ? [min - 1, max + 1] : [min, max];
}

const isEmpty = (plot: uPlot): boolean => plot.data[0].length === 0;

/** Room beside the outermost points. */
function scatterRange(_: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  // Ticks of a logarithmic axis are counted from its lower end, so it has to be a round number.
  return min === null || max === null ? [1, 10] : [roundTo(min / 1.5, Math.floor), roundTo(max * 1.5, Math.ceil)];
}

function roundTo(value: number, round: (value: number) => number): number {
  const size = 10 ** Math.floor(Math.log10(value));
  return round(value / size) * size;
}

/** Only 1, 2, 5, 10, 20, 50 …: others would touch each other. */
const roundTicks = (ticks: number[]): (number | null)[] =>
  ticks.map(tick => ([1, 2, 5].includes(Math.round(tick / 10 ** Math.floor(Math.log10(tick) + 1e-9))) ? tick : null));

/** Half a bar of room at both ends. */
function barRange(_: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  return min === null || max === null ? [0, 1] : [min - 0.6, max + 0.6];
}

function lineOptions(series: ChartSeries, isScatter: boolean): uPlot.Series {
  const color = themeColor(series.color);
  const line: uPlot.Series = {
    label: series.label,
    stroke: color,
    width: series.width ?? 1.75,
    spanGaps: true,
    points: isScatter ? { size: 10, width: 0, fill: color, show: series.dash === undefined } : pointOptions(series),
  };
  if (series.dash) {
    line.dash = series.dash;
  }
  if (series.bars) {
    line.fill = color;
    line.width = 0;
    line.points = { show: false };
    line.paths = uPlot.paths.bars!({ size: [0.7, 24], radius: 0.1 });
  }
  return line;
}

/** A curve of one or two points would not be seen as a line. */
function pointOptions(series: ChartSeries): uPlot.Series.Points {
  return {
    size: 5,
    fill: themeColor(series.color),
    show: (plot, index) => (series.width ?? 1.75) > 1 && countValues(plot.data[index]!) <= 12,
  };
}

function countValues(column: ArrayLike<number | null | undefined>): number {
  let count = 0;
  for (let i = 0; i < column.length; i++) {
    count += column[i] === null || column[i] === undefined ? 0 : 1;
  }
  return count;
}

/** Series have values at different x; under the cursor the last one at or before it counts. */
function nearestValue(column: ArrayLike<number | null | undefined>, index: number): number | null {
  for (let i = index; i >= 0; i--) {
    const value = column[i];
    if (value !== null && value !== undefined) {
      return value;
    }
  }
  return null;
}
