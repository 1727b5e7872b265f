import { getModel, modelFormats, type Model } from "../../api/models";
import { formatBytes, formatCount, formatInteger, formatLoss, formatPercent, formatTime } from "../../format/format";
import type { PageContext, PageView } from "../../shell/page";
import { datasetLink, modelsLink, runLink } from "../../shell/router";
import { h } from "../../ui/dom";
import { createDownloadButton } from "../../ui/downloadButton";
import { createErrorNotice } from "../../ui/notice";
import { createPanel } from "../../ui/panel";
import { timesFewer } from "./denseBar";
import { createPredictPanel } from "./predictPanel";

export function openModelPage(context: PageContext, id: string): PageView {
  const abort = new AbortController();
  const content = h("div", { class: "page", attrs: { "aria-busy": "true" } });
  const endings: (() => void)[] = [];
  const load = async (): Promise<void> => {
    try {
      const model = await getModel(context.api, id, abort.signal);
      const predict = createPredictPanel(context.api, model, abort.signal);
      endings.push(predict.dispose);
      content.replaceChildren(createHead(model), createTiles(model), predict.element, createDownloads(context, model));
    } catch (error) {
      if (!abort.signal.aborted) {
        content.replaceChildren(createErrorNotice("The model could not be read", error, () => void load()));
      }
    } finally {
      content.removeAttribute("aria-busy");
    }
  };
  void load();
  return {
    title: "Model",
    element: content,
    dispose() {
      abort.abort();
      endings.forEach(end => end());
    },
  };
}

function createHead(model: Model): HTMLElement {
  return h(
    "div",
    { class: "model-head" },
    h(
      "div",
      { class: "page-head" },
      h("nav", { class: "crumbs", attrs: { "aria-label": "Breadcrumb" } }, h("a", { href: modelsLink() }, "Models"), "/"),
      h("h1", {}, model.name),
    ),
    h(
      "p",
      { class: "muted" },
      model.checkpointId ? `From epoch ${model.epoch} of run ` : `Result of ${formatInteger(model.epoch)} epochs of run `,
      h("a", { href: runLink(model.runId) }, model.runName ?? model.runId.slice(0, 8)),
      ", trained on ",
      h("a", { href: datasetLink(model.datasetId) }, model.datasetName),
      `, ${formatTime(model.createdAt)}`,
    ),
  );
}

function createTiles(model: Model): HTMLElement {
  const smaller = model.denseBytes / model.bytes;
  const tiles: [name: string, value: string, note: string][] = [
    ["Test accuracy", formatPercent(model.testAccuracy), `test loss ${formatLoss(model.testLoss)}`],
    ["Connections", formatCount(model.nnz), timesFewer(model) ?? `of ${formatCount(model.denseParameters)}`],
    ["Density", formatPercent(model.nnz / model.denseParameters), `of ${formatCount(model.denseParameters)} dense`],
    [
      "Size",
      formatBytes(model.bytes),
      `dense ${formatBytes(model.denseBytes)}${smaller > 1.05 ? `, ${smaller.toPrecision(3)} × larger` : ""}`,
    ],
    [
      "Takes",
      formatInteger(model.features),
      model.image ? `${model.image.width} × ${model.image.height} pixels` : "values in a row",
    ],
    ["Tells", formatInteger(model.classNames.length || model.outputs), model.classNames.length > 0 ? "classes" : "numbers"],
  ];
  return h(
    "dl",
    { class: "tiles" },
    tiles.map(([name, value, note]) =>
      h("div", { class: "tile" }, h("dt", {}, name), h("dd", { class: "tile-value" }, value), h("dd", { class: "tile-note" }, note)),
    ),
  );
}

function createDownloads({ api }: PageContext, model: Model): HTMLElement {
  const { element, body } = createPanel("Download", "", "stays sparse in every format");
  const fileName = model.name.replace(/[^A-Za-z0-9_-]+/g, "-") || "model";
  body.append(
    h(
      "ul",
      { class: "downloads" },
      modelFormats.map(({ format, end, label, hint }) =>
        h(
          "li",
          {},
          createDownloadButton(api, `Download ${label}`, `models/${model.id}/content?format=${format}`, fileName + end),
          h("span", { class: "muted small" }, hint),
        ),
      ),
    ),
    h(
      "details",
      {},
      h("summary", {}, "How to read it in Python"),
      h("pre", { tabIndex: 0, attrs: { "aria-label": "Python example" } }, pythonFor(fileName)),
    ),
  );
  return element;
}

const pythonFor = (name: string): string =>
  `import json, numpy, scipy.sparse

z = numpy.load("${name}.npz")
options, data = json.loads(z["options"].item()), json.loads(z["data"].item())
w = scipy.sparse.csr_matrix(
    (z["layers.0.data"], z["layers.0.indices"], z["layers.0.indptr"]), shape=tuple(z["layers.0.shape"]))
x = (row - z["normalization.shift"]) * z["normalization.scale"]
first_hidden_layer = w @ x + z["layers.0.bias"]  # then options["network"]["activation"]`;
