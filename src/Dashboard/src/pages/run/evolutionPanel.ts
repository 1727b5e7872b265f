import type { LayerStatistics } from "../../api/types";
import { formatCount, formatNumber, formatPercent } from "../../format/format";
import { Chart, type ChartOptions, type ChartSeries, type Curve } from "../../ui/chart";
import { h } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import { drawnEpochs } from "./drawnEpochs";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

export const smallChartHeight = 170;
const layerColors = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];
const layersDrawn = layerColors.length;
const percentAxis = (value: number) => `${Number((value * 100).toPrecision(3))} %`;

type Pick = (layer: LayerStatistics) => number | undefined;

/** Connections that each evolution grew and dropped, over all layers. */
export function createTurnoverPanel(): RunPanel {
  const series: ChartSeries[] = [
    { label: "born", color: "--series-3", bars: true, format: formatCount },
    {
      label: "died",
      color: "--series-4",
      bars: true,
      format: value => formatCount(value === null || value === undefined ? value : Math.abs(value)),
    },
  ];
  const options = { name: "Births and deaths of connections by epoch", formatAxis: formatCount, series };
  return createStatisticsChart("Births and deaths", "", options, model => [
    totals(model, layer => layer.births ?? 0),
    totals(model, layer => -((layer.deaths ?? 0) + (layer.prunedConnections ?? 0))),
  ]);
}

/** Neurons that do nothing, over all layers, and those that pruning has removed. */
export function createIdlePanel(): RunPanel {
  const options = {
    name: "Idle neurons by epoch",
    formatAxis: formatNumber,
    yRange: [0, null] as [number, null],
    series: [
      { label: "dead", color: "--series-4", format: formatCount },
      { label: "cut off", color: "--series-2", format: formatCount },
      { label: "pruned", color: "--series-5", format: formatCount },
    ],
  };
  return createStatisticsChart("Idle neurons", "", options, model => [
    totals(model, layer => layer.deadNeurons ?? 0),
    totals(model, layer => layer.disconnectedNeurons ?? 0),
    totals(model, layer => layer.prunedNeurons ?? 0),
  ]);
}

/** Density or connections, a curve per layer. */
export function createConnectionsPanel(layers: number): RunPanel {
  const density = createLayerChartPanel("", "Density per layer by epoch", layers, layer => layer.density, "percent");
  const nnz = createLayerChartPanel("", "Connections per layer by epoch", layers, layer => layer.nnz, "count");
  const charts = { density, connections: nnz };
  const select = h(
    "select",
    { class: "select", attrs: { "aria-label": "What is shown per layer" }, on: { change: () => show() } },
    h("option", { value: "density" }, "Density"),
    h("option", { value: "connections" }, "Connections"),
  );
  const { element, body, tools } = createPanel("Per layer", "span-4", layers > layersDrawn ? `first ${layersDrawn} of ${layers}` : "");
  tools.append(select);
  const show = () => body.replaceChildren(charts[select.value as keyof typeof charts].bare!);
  show();
  return {
    element,
    topics: ["statistics"],
    update: model => Object.values(charts).forEach(chart => chart.update(model)),
    dispose: () => Object.values(charts).forEach(chart => chart.dispose?.()),
  };
}

/** A small chart with one curve per layer. */
export function createLayerChartPanel(
  title: string,
  name: string,
  layers: number,
  pick: Pick,
  kind: "percent" | "count" | "log",
): RunPanel & { bare?: HTMLElement } {
  const shown = Math.min(layers, layersDrawn);
  const formatShare = (value: number | null | undefined) => formatPercent(value, 1);
  const format = kind === "percent" ? formatShare : kind === "log" ? formatNumber : formatCount;
  const options: Omit<ChartOptions, "xLabel" | "height"> = {
    name,
    formatAxis: kind === "percent" ? percentAxis : kind === "log" ? formatNumber : formatCount,
    ...(kind === "log" ? { isLog: true } : { yRange: [0, null] }),
    series: Array.from({ length: shown }, (_, index) => ({ label: `L${index + 1}`, color: layerColors[index]!, format })),
  };
  const hint = layers > shown ? `first ${shown} of ${layers} layers` : "";
  return createStatisticsChart(title, hint, options, model =>
    Array.from({ length: shown }, (_, index) => layerCurve(model, index, pick)),
  );
}

function createStatisticsChart(
  title: string,
  hint: string,
  options: Omit<ChartOptions, "xLabel" | "height">,
  curvesOf: (model: RunModel) => Curve[],
): RunPanel & { bare: HTMLElement } {
  const chart = new Chart({ ...options, xLabel: "epoch", height: smallChartHeight });
  const bare = h("div", {}, chart.legend, chart.element);
  const { element, body, tools } = createPanel(title, "span-4", hint);
  if (title !== "") {
    tools.append(chart.legend);
    body.append(chart.element);
  }
  return {
    element,
    bare,
    topics: ["statistics"],
    update: model => chart.setCurves(curvesOf(model)),
    dispose: () => chart.dispose(),
  };
}

function totals(model: RunModel, pick: (layer: LayerStatistics) => number): Curve {
  const epochs = readEpochs(model);
  return { x: epochs, y: epochs.map(epoch => model.layerHistory.get(epoch)!.reduce((sum, layer) => sum + pick(layer), 0)) };
}

function layerCurve(model: RunModel, index: number, pick: Pick): Curve {
  const epochs = readEpochs(model);
  return { x: epochs, y: epochs.map(epoch => pick(model.layerHistory.get(epoch)![index]!) ?? 0) };
}

export function readEpochs(model: RunModel): number[] {
  return drawnEpochs(model.run.epochsDone).filter(epoch => model.layerHistory.has(epoch));
}
