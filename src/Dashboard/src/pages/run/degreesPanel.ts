import type { DegreeDistribution } from "../../api/types";
import { formatNumber } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { Histogram } from "../../ui/histogram";
import { createPanel } from "../../ui/panel";
import { createLayerSelect } from "./layerSelect";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

/** How many connections the neurons of a layer have: into them, and out of those that feed them. */
export function createDegreesPanel(model: RunModel): RunPanel {
  const { element, body, tools } = createPanel("Degrees", "span-4");
  let shown = 0;
  tools.append(
    createLayerSelect(model.run.spec.training.network.layers.length - 1, index => {
      shown = index;
      update();
    }),
  );
  const wait = h("p", { class: "muted small" }, "The first epoch brings them.");
  const parts = [createPart("Into each neuron"), createPart("Out of each neuron before it")];
  body.append(wait);

  function update(): void {
    const layer = model.shown?.layers[shown];
    if (!layer) {
      return;
    }
    const degrees = [layer.fanIn, layer.fanOut];
    if (!degrees.every(distribution => distribution)) {
      setText(wait, "This epoch was recorded before degrees were.");
      body.replaceChildren(wait);
      return;
    }
    parts.forEach((part, index) => part.draw(degrees[index]!, layer.layer));
    if (wait.isConnected) {
      body.replaceChildren(...parts.map(part => part.element));
    }
  }
  return { element, topics: ["statistics"], update };
}

function createPart(title: string): { element: HTMLElement; draw(degrees: DegreeDistribution, layer: number): void } {
  const histogram = new Histogram("degrees");
  const mean = h("span", { class: "hint" });
  return {
    element: h("div", {}, h("div", { class: "part-head" }, h("h3", {}, title), mean), histogram.element),
    draw({ minimum, maximum, mean: average, binWidth, histogram: counts }, layer) {
      setText(mean, `mean ${formatNumber(average)}, ${minimum} to ${maximum}`);
      histogram.draw({
        minimum,
        binWidth,
        counts,
        noun: "neurons",
        name: `${title} of layer ${layer}: ${minimum} to ${maximum} connections, mean ${formatNumber(average)}.`,
      });
    },
  };
}
