import { formatLoss, formatNumber, formatPercent } from "../../format/format";
import { placeOf } from "../../series/curvePlace";
import { smooth, thin } from "../../series/seriesBuffer";
import { Chart, type ChartOptions, type Curve } from "../../ui/chart";
import type { CurveSettings } from "../../ui/curveSettings";
import { createPanel } from "../../ui/panel";
import { stepSeries, type RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

const chartHeight = 240;
const drawnPoints = 1000;
const leastStepSmoothing = 0.6;
/** With fewer points an epoch than this, smoothing would only delay the curve. */
const denseStepsPerEpoch = 10;

/** Loss by epoch (train, test) over the loss of single steps. */
export function createLossPanel(settings: CurveSettings): RunPanel {
  const options = {
    name: "Loss",
    formatAxis: formatNumber,
    series: [
      { label: "step", color: "--series-faint", width: 1, format: formatLoss },
      { label: "train", color: "--series-1", format: formatLoss },
      { label: "test", color: "--series-2", format: formatLoss },
    ],
  };
  return createCurvesPanel("Loss", settings, options, model => [
    stepCurve(model, settings),
    epochCurve(model, "loss", settings),
    epochCurve(model, "testLoss", settings),
  ]);
}

export function createAccuracyPanel(settings: CurveSettings): RunPanel {
  const options: Omit<ChartOptions, "xLabel" | "height"> = {
    name: "Accuracy",
    formatAxis: value => `${Number((value * 100).toPrecision(4))} %`,
    yRange: [0, 1],
    series: [
      { label: "train", color: "--series-1", format: formatPercent },
      { label: "test", color: "--series-2", format: formatPercent },
    ],
  };
  return createCurvesPanel("Accuracy", settings, options, model => [
    epochCurve(model, "trainAccuracy", settings),
    epochCurve(model, "testAccuracy", settings),
  ]);
}

function createCurvesPanel(
  title: "Loss" | "Accuracy",
  settings: CurveSettings,
  options: Omit<ChartOptions, "xLabel" | "height">,
  curvesOf: (model: RunModel) => Curve[],
): RunPanel {
  const chart = new Chart({
    ...options,
    xLabel: settings.xLabel,
    formatX: value => settings.formatX(value),
    height: chartHeight,
  });
  const { element, body, tools } = createPanel(title, "span-6");
  tools.append(chart.legend);
  body.append(chart.element);
  let shown: RunModel | null = null;
  const draw = () => shown && chart.setCurves(curvesOf(shown));
  settings.onChange(change => {
    if (change === "axis") {
      draw();
      chart.setX(settings.xLabel, value => settings.formatX(value));
    } else if (change === "log" && title === "Loss") {
      chart.setLog(settings.isLog);
    } else if (change === "smoothing") {
      draw();
    }
  });
  return {
    element,
    topics: title === "Loss" ? ["curves", "step"] : ["curves"],
    update(model) {
      shown = model;
      draw();
    },
    dispose: () => chart.dispose(),
  };
}

function epochCurve(model: RunModel, name: string, settings: CurveSettings): Curve {
  const { x, y } = model.series(name);
  const [xs, ys] = thin(x, settings.smoothing > 0 ? smooth(y, settings.smoothing) : y, drawnPoints);
  const place = placeOf(model, settings.axis);
  return { x: xs.map(place), y: ys };
}

/** Steps, smoothed: single minibatches jump more than the curve moves. */
function stepCurve(model: RunModel, settings: CurveSettings): Curve {
  const { stepsPerEpoch } = model;
  if (stepsPerEpoch === null) {
    return { x: [], y: [] };
  }
  const { x, y } = model.series(stepSeries);
  const epochs = ((x.at(-1) ?? 0) - (x[0] ?? 0)) / stepsPerEpoch;
  const isDense = x.length > epochs * denseStepsPerEpoch;
  const weight = Math.max(settings.smoothing, isDense ? leastStepSmoothing : 0);
  const [xs, ys] = thin(x, weight > 0 ? smooth(y, weight) : y, drawnPoints);
  const place = placeOf(model, settings.axis);
  return { x: xs.map(step => place(step / stepsPerEpoch)), y: ys };
}
