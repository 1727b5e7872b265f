import { formatCount, formatLoss, formatNumber, formatPercent } from "../../format/format";
import { placeOf } from "../../series/curvePlace";
import { smooth, thin } from "../../series/seriesBuffer";
import { Chart, type ChartSeries } from "../../ui/chart";
import { CurveSettings } from "../../ui/curveSettings";
import { h, setText } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import { nameOf } from "../runs/runRow";
import { comparedSeries, type CompareRun } from "./compareRun";
import { frontier } from "./settings";

const drawnPoints = 1000;
const chartHeight = 320;
const percentAxis = (value: number) => `${Number((value * 100).toPrecision(4))} %`;
const formats = {
  share: { value: formatPercent, axis: percentAxis },
  loss: { value: formatLoss, axis: formatNumber },
  count: { value: formatCount, axis: formatCount },
  number: { value: formatNumber, axis: formatNumber },
};

export interface CompareChart {
  element: HTMLElement;
  draw(runs: CompareRun[]): void;
  dispose(): void;
}

/** One curve per run of a series that a person chooses. */
export function createCompareCurves(colorOf: (index: number) => string): CompareChart & { bar: HTMLElement } {
  const select = h(
    "select",
    { class: "select" },
    comparedSeries.map(({ name, words }) => h("option", { value: name }, words)),
  );
  const settings = new CurveSettings("Logarithmic", h("label", { class: "check" }, "Series", select));
  const { element, body, tools } = createPanel("Curves", "span-8");
  let chart: Chart | null = null;
  let drawn: CompareRun[] = [];
  let built = "";
  let isChosen = false;
  select.addEventListener("change", () => {
    isChosen = true;
    draw(drawn);
  });
  settings.onChange(() => {
    built = "";
    draw(drawn);
  });

  function draw(runs: CompareRun[]): void {
    drawn = runs;
    if (!isChosen && runs.length > 0 && runs.every(run => run.readEpoch > 0 && run.series("testAccuracy").length === 0)) {
      select.value = "testLoss"; // Regression has no accuracy.
    }
    const { kind, words, name } = comparedSeries.find(series => series.name === select.value)!;
    const next = JSON.stringify([name, settings.axis, settings.isLog, runs.map(({ run }) => [run.id, nameOf(run)])]);
    if (next !== built) {
      built = next;
      chart?.dispose();
      chart = new Chart({
        name: `${words} of ${runs.length} runs`,
        xLabel: settings.xLabel,
        formatX: value => settings.formatX(value),
        height: chartHeight,
        isLog: settings.isLog,
        formatAxis: formats[kind].axis,
        series: runs.map(({ run }, index) => ({ label: nameOf(run), color: colorOf(index), format: formats[kind].value })),
      });
      tools.replaceChildren(chart.legend);
      body.replaceChildren(chart.element);
    }
    chart?.setCurves(
      runs.map(run => {
        const { x, y } = run.series(name);
        const [xs, ys] = thin(x, settings.smoothing > 0 ? smooth(y, settings.smoothing) : y, drawnPoints);
        return { x: xs.map(placeOf(run, settings.axis)), y: ys };
      }),
    );
  }
  return { element, bar: settings.element, draw, dispose: () => chart?.dispose() };
}

/** Best accuracy against connections: the runs as points, and the line of those that no smaller one beats. */
export function createFrontier(colorOf: (index: number) => string): CompareChart {
  const { element, body, tools } = createPanel("Accuracy against connections", "span-4", "best test accuracy");
  const words = h("p", { class: "muted small" });
  let chart: Chart | null = null;
  let built = "";

  function draw(runs: CompareRun[]): void {
    const next = JSON.stringify(runs.map(({ run }) => [run.id, nameOf(run)]));
    if (next !== built) {
      built = next;
      chart?.dispose();
      const points: ChartSeries[] = runs.map(({ run }, index) => ({
        label: nameOf(run),
        color: colorOf(index),
        format: formatPercent,
      }));
      chart = new Chart({
        name: "Best test accuracy against connections",
        xLabel: "connections",
        formatX: formatCount,
        height: chartHeight,
        formatAxis: percentAxis,
        isScatter: true,
        series: [{ label: "frontier", color: "--text-faint", width: 1, dash: [4, 4], format: formatPercent }, ...points],
      });
      tools.replaceChildren();
      body.replaceChildren(chart.element, words);
    }
    const points = runs
      .filter(({ run }) => run.nnz && typeof accuracyOf(run) === "number")
      .map(({ run }) => ({ id: run.id, name: nameOf(run), nnz: run.nnz!, accuracy: accuracyOf(run)! }));
    const best = frontier(points);
    chart?.setCurves([
      { x: best.map(point => point.nnz), y: best.map(point => point.accuracy) },
      ...runs.map(({ run }) => {
        const point = points.find(({ id }) => id === run.id);
        return point ? { x: [point.nnz], y: [point.accuracy] } : { x: [], y: [] };
      }),
    ]);
    setText(words, wordsOf(points.length, best));
  }
  return { element, draw, dispose: () => chart?.dispose() };
}

const accuracyOf = (run: CompareRun["run"]) => run.bestTestAccuracy ?? run.testAccuracy;

function wordsOf(points: number, best: { name: string; nnz: number; accuracy: number }[]): string {
  if (points === 0) {
    return "None of these runs has a test accuracy (yet).";
  }
  const list = best.map(({ name, nnz, accuracy }) => `${name} (${formatCount(nnz)}, ${formatPercent(accuracy)})`).join(" · ");
  return `Not beaten by a smaller one: ${list}`;
}
