import { formatBytes, formatCount, formatNumber } from "../../format/format";
import { thin } from "../../series/seriesBuffer";
import { Chart, type ChartSeries } from "../../ui/chart";
import { h } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import { smallChartHeight } from "./evolutionPanel";
import type { RunPanel } from "./runPanel";

const drawnPoints = 400;

interface Resource {
  series: string;
  title: string;
  hint: string;
  line: ChartSeries;
}

const resources: Resource[] = [
  {
    series: "samplesPerSecond",
    title: "Speed",
    hint: "samples a second",
    line: { label: "samples/s", color: "--series-1", format: formatCount },
  },
  {
    series: "gigaflopsPerSecond",
    title: "Work",
    hint: "on connections that are there",
    line: { label: "GFLOP/s", color: "--series-6", format: formatNumber },
  },
  {
    series: "workerBytes",
    title: "Memory",
    hint: "of the worker's process",
    line: { label: "resident", color: "--series-5", format: value => formatBytes(value) },
  },
];

/** What the training takes and gives: samples, useful arithmetic, memory. */
export function createResourcesPanel(): RunPanel {
  const { element, body } = createPanel("Resources", "span-12");
  const parts = resources.map(({ series, title, hint, line }) => {
    const chart = new Chart({
      name: `${title}, ${hint}, by epoch`,
      xLabel: "epoch",
      height: smallChartHeight,
      formatAxis: value => line.format(value),
      yRange: [0, null],
      series: [line],
    });
    const head = h("div", { class: "part-head" }, h("h3", {}, title), h("span", { class: "hint" }, hint), chart.legend);
    return { series, chart, element: h("div", {}, head, chart.element) };
  });
  body.append(
    h(
      "div",
      { class: "parts" },
      parts.map(part => part.element),
    ),
  );
  return {
    element,
    topics: ["curves"],
    update(model) {
      for (const { series, chart } of parts) {
        const { x, y } = model.series(series);
        const [xs, ys] = thin(x, y, drawnPoints);
        chart.setCurves([{ x: xs, y: ys }]);
      }
    },
    dispose: () => parts.forEach(({ chart }) => chart.dispose()),
  };
}
