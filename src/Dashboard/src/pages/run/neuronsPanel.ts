import type { LayerStatistics } from "../../api/types";
import { formatInteger, formatNumber, formatStrength } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { Histogram } from "../../ui/histogram";
import { createPanel } from "../../ui/panel";
import { rangeOf, TimeHeat } from "../../ui/timeHeat";
import { readEpochs } from "./evolutionPanel";
import { createLayerSelect } from "./layerSelect";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

/** Distribution of neuron importance in one layer at a time, now and over the epochs; its strongest and its dead neurons. */
export function createNeuronsPanel(model: RunModel): RunPanel {
  const { element, body, tools } = createPanel("Neuron importance", "span-7", "Σ|w| of incoming connections");
  const layerCount = model.run.spec.training.network.layers.length - 1;
  let shown = 0;
  tools.append(
    createLayerSelect(layerCount, index => {
      shown = index;
      update();
    }),
  );
  const histogram = new Histogram();
  const summary = h("p", { class: "muted small" }, "The first epoch brings it.");
  const heat = new TimeHeat();
  const [high, low, last] = [h("span", {}), h("span", {}), h("span", {})];
  const top = h("ol", { class: "rank" });
  const idle = h("p", { class: "muted small idle" });
  body.append(
    h(
      "div",
      { class: "neurons" },
      h("div", {}, histogram.element, summary),
      h("div", {}, h("h3", {}, "Strongest neurons"), top, idle),
    ),
    h("h3", { class: "over-time" }, "Over the epochs"),
    h(
      "div",
      { class: "heat-frame" },
      h("div", { class: "heat-scale" }, high, low),
      heat.element,
      h("div", { class: "heat-epochs" }, h("span", {}, "epoch 1"), last),
    ),
  );

  function update(): void {
    const layer = model.shown?.layers[shown];
    if (!layer) {
      return;
    }
    const { minimum, maximum, mean, median, histogram: counts } = layer.importance;
    histogram.draw({
      minimum,
      binWidth: (maximum - minimum) / Math.max(1, counts.length),
      counts,
      noun: "neurons",
      name:
        `Histogram of the importance of the ${layer.outputs} neurons of layer ${layer.layer}, from ${formatNumber(minimum)} ` +
        `to ${formatNumber(maximum)}, median ${formatNumber(median)}.`,
    });
    setText(summary, `${formatInteger(layer.outputs)} neurons · mean ${formatNumber(mean)} · median ${formatNumber(median)}`);
    drawRank(top, layer);
    setText(idle, idleWords(layer));
    drawHeat();
  }

  function drawHeat(): void {
    const epochs = readEpochs(model);
    const columns = epochs.map(epoch => model.layerHistory.get(epoch)![shown]!.importance);
    const [least, most] = rangeOf(columns);
    setText(high, formatNumber(most));
    setText(low, formatNumber(least));
    setText(last, epochs.length > 0 ? `epoch ${formatInteger(epochs.at(-1))}` : "");
    heat.draw(
      columns,
      `Distribution of neuron importance of layer ${shown + 1} over ${epochs.length} epochs, from ${formatNumber(least)} to ` +
        `${formatNumber(most)}.`,
    );
  }
  return { element, topics: ["statistics"], update };
}

function idleWords(layer: LayerStatistics): string {
  const dead = layer.deadNeurons ?? 0;
  const list = layer.dead ?? [];
  const named = list.map(neuron => `#${neuron}`).join(", ") + (dead > list.length ? ", …" : "");
  return [
    `Dead: ${formatInteger(dead)}${list.length === 0 ? "" : ` (${named})`}`,
    `cut off: ${formatInteger(layer.disconnectedNeurons ?? 0)}`,
    `pruned: ${formatInteger(layer.prunedNeurons ?? 0)}`,
  ].join(" · ");
}

function drawRank(list: HTMLElement, { importance }: LayerStatistics): void {
  const strongest = importance.top?.[0]?.importance ?? 1;
  const items = (importance.top ?? []).map(({ neuron, importance: strength }) => rankItem(`#${neuron}`, strength, strongest));
  list.replaceChildren(...items);
}

export function rankItem(label: string, value: number, largest: number): HTMLElement {
  return h(
    "li",
    { style: { "--w": String(largest > 0 ? value / largest : 0) } },
    h("span", {}, label),
    h("b", {}, formatStrength(value)),
  );
}
