import type { Forecast, ParallelForecast } from "../../api/topologies";
import { formatBytes, formatCount, formatDuration, formatInteger, formatPercent } from "../../format/format";
import { h } from "../../ui/dom";
import { createPanel } from "../../ui/panel";

/** What the run will cost, beside what its dense twin would. */
export class ForecastPanel {
  readonly element: HTMLElement;
  private readonly content = h("div", {});

  constructor() {
    const { element, body } = createPanel("Forecast", "", "before anything is trained");
    body.append(this.content);
    this.element = element;
    this.wait("The forecast comes as soon as the spec is complete.");
  }

  wait(text: string): void {
    this.content.replaceChildren(h("p", { class: "muted small" }, text));
  }

  /** What was forecast last is of another spec now. */
  dim(isOld: boolean): void {
    this.content.classList.toggle("is-old", isOld);
  }

  show(forecast: Forecast, epochs: number): void {
    this.dim(false);
    const { flopsPerEpoch, denseFlopsPerEpoch, parallel } = forecast;
    const secondsPerEpoch = parallel?.secondsPerEpoch ?? forecast.secondsPerEpoch;
    const work = flopsPerEpoch && denseFlopsPerEpoch ? `${times(denseFlopsPerEpoch / flopsPerEpoch)} less arithmetic than dense` : "";
    const tiles: [string, string, string][] = [
      ["Connections", formatCount(forecast.nnz), `of ${formatCount(forecast.denseParameters)} dense, ${formatPercent(forecast.density)}`],
      ["Model", formatBytes(forecast.modelBytes), `dense ${formatBytes(forecast.denseModelBytes)}`],
      ["Memory to train", formatBytes(forecast.trainingBytes), `dense ${formatBytes(forecast.denseTrainingBytes)}`],
      secondsPerEpoch
        ? ["Time", `≈ ${formatDuration(secondsPerEpoch * epochs)}`, `${formatDuration(secondsPerEpoch)} an epoch; ${work}`]
        : ["Time", "–", "known with the dataset"],
    ];
    if (parallel) {
      tiles.push(["Exchanged", exchanged(parallel), exchangeNote(parallel)]);
    }
    this.content.replaceChildren(
      h(
        "dl",
        { class: "forecast" },
        tiles.map(([label, value, note]) =>
          h("div", {}, h("dt", {}, label), h("dd", { class: "tile-value" }, value), h("dd", { class: "tile-note" }, note)),
        ),
      ),
      createLayers(forecast),
    );
  }
}

function exchanged({ bytesPerStep, bytesPerEpoch }: ParallelForecast): string {
  if (bytesPerStep === 0) {
    return "nothing";
  }
  return bytesPerEpoch ? `${formatBytes(bytesPerEpoch)} an epoch` : `${formatBytes(bytesPerStep)} a step`;
}

function exchangeNote({ workers, bytesPerStep, localEpochs }: ParallelForecast): string {
  const how = bytesPerStep === 0 ? `${workers} workers share memory` : `by ${workers} workers, ${formatBytes(bytesPerStep)} a step`;
  return localEpochs > 0 ? `${how}; apart in the last ${localEpochs === 1 ? "epoch" : `${formatInteger(localEpochs)} epochs`}` : how;
}

const times = (ratio: number): string => `${ratio >= 10 ? formatInteger(ratio) : ratio.toFixed(1)} times`;

function createLayers({ layers }: Forecast): HTMLElement {
  const heads = ["Layer", "Inputs", "Outputs", "Connections", "Density"];
  return h(
    "div",
    { class: "table-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": "Connections per layer" } },
    h(
      "table",
      { class: "table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map((head, index) => h("th", { class: index === 0 ? "" : "num", scope: "col" }, head)),
        ),
      ),
      h(
        "tbody",
        {},
        layers.map(({ layer, inputs, outputs, nnz, density, exact }) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, layer),
            [formatInteger(inputs), formatInteger(outputs), `${exact ? "" : "≈ "}${formatInteger(nnz)}`, formatPercent(density)].map(text =>
              h("td", { class: "num" }, text),
            ),
          ),
        ),
      ),
    ),
  );
}
