import type { ApiClient } from "../../api/client";
import { spyTopology, type DegreeBin, type Forecast, type LayerForecast } from "../../api/topologies";
import { formatInteger } from "../../format/format";
import { createBars } from "../../ui/bars";
import { h } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import { SpyView } from "./spyView";

/** The topology that a run would start from: who is connected to how many, and where the connections lie. */
export class TopologyPanel {
  /** Where the connections of the chosen layer lie. */
  readonly element: HTMLElement;
  /** How many the neurons of that layer have. */
  readonly degrees: HTMLElement;
  private readonly layer = h("select", { class: "select", id: "topology-layer", on: { change: () => this.draw() } });
  private readonly histograms = h("div", { class: "degrees" });
  private readonly spy = new SpyView();
  private forecast: Forecast | null = null;
  private spec = "";

  constructor(private readonly api: ApiClient) {
    const { element, body, tools } = createPanel("Topology at the start", "topology-panel");
    tools.append(h("label", { class: "check", attrs: { for: "topology-layer" } }, "Layer"), this.layer);
    body.append(this.spy.element);
    const degrees = createPanel("Degrees", "", "connections of each neuron in the layer that is chosen");
    degrees.body.append(this.histograms);
    this.element = element;
    this.degrees = degrees.element;
    this.element.hidden = this.degrees.hidden = true;
  }

  dispose(): void {
    this.spy.dispose();
  }

  show(forecast: Forecast, spec: string): void {
    const before = this.layer.value;
    this.forecast = forecast;
    this.spec = spec;
    this.layer.replaceChildren(
      ...forecast.layers.map(({ layer, inputs, outputs }) =>
        h("option", { value: String(layer) }, `${layer}: ${formatInteger(inputs)} → ${formatInteger(outputs)}`),
      ),
    );
    this.layer.value = forecast.layers.some(({ layer }) => String(layer) === before) ? before : "1";
    this.element.hidden = this.degrees.hidden = false;
    this.draw();
  }

  private draw(): void {
    const layer = this.forecast?.layers.find(each => String(each.layer) === this.layer.value);
    if (!layer) {
      return;
    }
    this.histograms.replaceChildren(
      createDegrees("Connections of an output neuron (in)", layer.fanInHistogram, layer),
      createDegrees("Connections of an input neuron (out)", layer.fanOutHistogram, layer),
    );
    const { spec, api } = this;
    this.spy.show(layer.inputs, layer.outputs, (window, signal) => spyTopology(api, spec, layer.layer, window, signal));
  }
}

function createDegrees(title: string, bins: readonly DegreeBin[], { exact }: LayerForecast): HTMLElement {
  if (!exact || bins.length === 0) {
    return h("div", {}, h("h3", {}, title), h("p", { class: "muted small" }, "The network is too large to be drawn for a preview."));
  }
  const [low, high] = [bins[0]!.from, bins.at(-1)!.to];
  const bars = bins.map(({ from, to, neurons }) => ({ count: neurons, label: from === to ? `${from}` : `${from} to ${to}` }));
  return h(
    "div",
    {},
    h("h3", {}, title),
    createBars(bars, `${title}: from ${low} to ${high}; most neurons have ${mostOf(bins)}`),
    h("p", { class: "column-range" }, h("span", {}, formatInteger(low)), h("span", {}, formatInteger(high))),
  );
}

function mostOf(bins: readonly DegreeBin[]): string {
  const { from, to } = bins.reduce((most, bin) => (bin.neurons > most.neurons ? bin : most));
  return from === to ? `${from}` : `${from} to ${to}`;
}
