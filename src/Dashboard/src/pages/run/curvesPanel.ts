import { formatLoss, formatNumber, formatPercent } from "../../format/format";
import { Chart, type Curve } from "../../ui/chart";
import { h } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import { smooth, thin } from "../../series/seriesBuffer";
import { stepSeries, type RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

const chartHeight = 240;
const drawnPoints = 1500;
const stepSmoothing = 0.6;
/** With fewer points an epoch than this, smoothing would only delay the curve. */
const denseStepsPerEpoch = 10;

/** Loss by epoch (train, test) over the loss of single steps. */
export function createLossPanel(): RunPanel {
  const chart = new Chart({
    name: "Loss by epoch",
    xLabel: "epoch",
    height: chartHeight,
    formatAxis: formatNumber,
    series: [
      { label: "step", color: "--series-faint", width: 1, format: formatLoss },
      { label: "train", color: "--series-1", format: formatLoss },
      { label: "test", color: "--series-2", format: formatLoss },
    ],
  });
  const { element, body, tools } = createPanel("Loss", "span-6");
  const log = h("input", { type: "checkbox", on: { change: () => chart.setLog(log.checked) } });
  tools.append(chart.legend, h("label", { class: "check" }, log, "log"));
  body.append(chart.element);
  return {
    element,
    topics: ["curves"],
    update: model => chart.setCurves([stepCurve(model), curveOf(model, "loss"), curveOf(model, "testLoss")]),
    dispose: () => chart.dispose(),
  };
}

export function createAccuracyPanel(): RunPanel {
  const chart = new Chart({
    name: "Accuracy by epoch",
    xLabel: "epoch",
    height: chartHeight,
    formatAxis: value => `${Number((value * 100).toPrecision(4))} %`,
    yRange: [0, 1],
    series: [
      { label: "train", color: "--series-1", format: formatPercent },
      { label: "test", color: "--series-2", format: formatPercent },
    ],
  });
  const { element, body, tools } = createPanel("Accuracy", "span-6");
  tools.append(chart.legend);
  body.append(chart.element);
  return {
    element,
    topics: ["curves"],
    update: model => chart.setCurves([curveOf(model, "trainAccuracy"), curveOf(model, "testAccuracy")]),
    dispose: () => chart.dispose(),
  };
}

function curveOf(model: RunModel, name: string): Curve {
  const { x, y } = model.series(name);
  const [xs, ys] = thin(x, y, drawnPoints);
  return { x: xs, y: ys };
}

/** Steps on the axis of epochs, smoothed: single minibatches jump more than the curve moves. */
function stepCurve(model: RunModel): Curve {
  const { stepsPerEpoch } = model;
  if (stepsPerEpoch === null) {
    return { x: [], y: [] };
  }
  const { x, y } = model.series(stepSeries);
  const epochs = ((x.at(-1) ?? 0) - (x[0] ?? 0)) / stepsPerEpoch;
  const [xs, ys] = thin(x, x.length > epochs * denseStepsPerEpoch ? smooth(y, stepSmoothing) : y, drawnPoints);
  return { x: xs.map(step => step / stepsPerEpoch), y: ys };
}
