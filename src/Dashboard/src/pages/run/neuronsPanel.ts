import type { LayerStatistics } from "../../api/types";
import { formatInteger, formatNumber, formatStrength } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

/** Distribution of neuron importance in one layer at a time, and its strongest neurons. */
export function createNeuronsPanel(model: RunModel): RunPanel {
  const { element, body, tools } = createPanel("Neuron importance", "span-7", "Σ|w| of incoming connections");
  const layerCount = model.run.spec.training.network.layers.length - 1;
  let shown = 0;
  const select = h(
    "select",
    {
      class: "select",
      attrs: { "aria-label": "Layer" },
      on: {
        change: () => {
          shown = select.selectedIndex;
          update();
        },
      },
    },
    Array.from({ length: layerCount }, (_, index) =>
      h("option", {}, index + 1 === layerCount ? `Layer ${index + 1} (output)` : `Layer ${index + 1}`),
    ),
  );
  tools.append(select);
  const bars = h("div", { class: "histogram", attrs: { role: "img" } });
  const scale = h("div", { class: "histogram-scale" }, h("span", {}), h("span", {}), h("span", {}));
  const summary = h("p", { class: "muted small" }, "The first epoch brings it.");
  const top = h("ol", { class: "rank" });
  body.append(
    h(
      "div",
      { class: "neurons" },
      h("div", { class: "neurons-chart" }, bars, scale, summary),
      h("div", { class: "neurons-top" }, h("h3", {}, "Strongest neurons"), top),
    ),
  );

  function update(): void {
    const layer = model.statistics?.layers[shown];
    if (!layer) {
      return;
    }
    drawHistogram(bars, layer);
    const { minimum, maximum, mean, median } = layer.importance;
    [minimum, (minimum + maximum) / 2, maximum].forEach((value, index) =>
      setText(scale.children[index] as HTMLElement, formatNumber(value)),
    );
    setText(summary, `${formatInteger(layer.outputs)} neurons · mean ${formatNumber(mean)} · median ${formatNumber(median)}`);
    drawRank(top, layer);
  }
  return { element, topics: ["statistics"], update };
}

function drawHistogram(bars: HTMLElement, { importance, outputs, layer }: LayerStatistics): void {
  const highest = Math.max(1, ...importance.histogram);
  const width = (importance.maximum - importance.minimum) / Math.max(1, importance.histogram.length);
  while (bars.children.length < importance.histogram.length) {
    bars.append(h("i", {}));
  }
  importance.histogram.forEach((count, index) => {
    const bar = bars.children[index] as HTMLElement;
    const from = importance.minimum + index * width;
    bar.style.setProperty("--h", String(count / highest));
    bar.title = `${formatNumber(from)} to ${formatNumber(from + width)}: ${formatInteger(count)} neurons`;
  });
  bars.setAttribute(
    "aria-label",
    `Histogram of the importance of the ${outputs} neurons of layer ${layer}, from ${formatNumber(importance.minimum)} ` +
      `to ${formatNumber(importance.maximum)}, median ${formatNumber(importance.median)}.`,
  );
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
