import type { LayerStatistics } from "../../api/types";
import { formatCount, formatPercent } from "../../format/format";
import { Chart, type Curve } from "../../ui/chart";
import { createPanel } from "../../ui/panel";
import { drawnEpochs } from "./drawnEpochs";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

const chartHeight = 170;
const layerColors = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];
const layersDrawn = layerColors.length;

/** Connections that each evolution grew and dropped, over all layers. */
export function createTurnoverPanel(): RunPanel {
  const chart = new Chart({
    name: "Births and deaths of connections by epoch",
    xLabel: "epoch",
    height: chartHeight,
    formatAxis: formatCount,
    series: [
      { label: "born", color: "--series-3", bars: true, format: formatCount },
      {
        label: "died",
        color: "--series-4",
        bars: true,
        format: value => formatCount(value === null || value === undefined ? value : Math.abs(value)),
      },
    ],
  });
  const { element, body, tools } = createPanel("Births and deaths", "span-4");
  tools.append(chart.legend);
  body.append(chart.element);
  return {
    element,
    topics: ["statistics"],
    update: model =>
      chart.setCurves([
        totals(model, layer => layer.births ?? 0),
        totals(model, layer => -((layer.deaths ?? 0) + (layer.prunedConnections ?? 0))),
      ]),
    dispose: () => chart.dispose(),
  };
}

/** A small chart with one curve per layer. */
export function createLayerChartPanel(
  title: string,
  name: string,
  layers: number,
  pick: (layer: LayerStatistics) => number | undefined,
  percent: boolean,
): RunPanel {
  const shown = Math.min(layers, layersDrawn);
  const format = percent ? (value: number | null | undefined) => formatPercent(value, 1) : formatCount;
  const chart = new Chart({
    name,
    xLabel: "epoch",
    height: chartHeight,
    formatAxis: percent ? value => `${Number((value * 100).toPrecision(3))} %` : formatCount,
    yRange: [0, null],
    series: Array.from({ length: shown }, (_, index) => ({ label: `L${index + 1}`, color: layerColors[index]!, format })),
  });
  const { element, body, tools } = createPanel(title, "span-4", layers > shown ? `first ${shown} of ${layers} layers` : "");
  tools.append(chart.legend);
  body.append(chart.element);
  return {
    element,
    topics: ["statistics"],
    update: model => chart.setCurves(Array.from({ length: shown }, (_, index) => layerCurve(model, index, pick))),
    dispose: () => chart.dispose(),
  };
}

function totals(model: RunModel, pick: (layer: LayerStatistics) => number): Curve {
  const epochs = readEpochs(model);
  return { x: epochs, y: epochs.map(epoch => model.layerHistory.get(epoch)!.reduce((sum, layer) => sum + pick(layer), 0)) };
}

function layerCurve(model: RunModel, index: number, pick: (layer: LayerStatistics) => number | undefined): Curve {
  const epochs = readEpochs(model);
  return { x: epochs, y: epochs.map(epoch => pick(model.layerHistory.get(epoch)![index]!) ?? 0) };
}

function readEpochs(model: RunModel): number[] {
  return drawnEpochs(model.run.epochsDone).filter(epoch => model.layerHistory.has(epoch));
}
