import type { LayerStatistics } from "../../api/types";
import { formatInteger, formatNumber, formatPercent } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import type { RunPanel } from "./runPanel";

interface Column {
  label: string;
  title: string;
  text(layer: LayerStatistics): string;
}

const columns: Column[] = [
  { label: "Connections", title: "Stored connections into the layer", text: layer => formatInteger(layer.nnz) },
  { label: "Density", title: "Stored connections / connections of the dense twin", text: layer => formatPercent(layer.density) },
  { label: "Births", title: "Connections grown by the last evolution", text: layer => formatInteger(layer.births ?? 0) },
  { label: "Deaths", title: "Connections dropped by the last evolution", text: layer => formatInteger(layer.deaths ?? 0) },
  {
    label: "Pruned",
    title: "Connections that importance pruning removed in this epoch",
    text: layer => formatInteger(layer.prunedConnections ?? 0),
  },
  {
    label: "Explored",
    title: "Share of all positions that have ever held a connection",
    text: layer => formatPercent(layer.explorationRate),
  },
  {
    label: "Dead",
    title: "Connected neurons that answered 0 to every test sample",
    text: layer => formatInteger(layer.deadNeurons ?? 0),
  },
  {
    label: "Cut off",
    title: "Neurons without incoming or without outgoing connections",
    text: layer => formatInteger(layer.disconnectedNeurons ?? 0),
  },
  {
    label: "Gradient",
    title: "L2 norm of the layer's weight gradient, root mean square over the epoch",
    text: layer => formatNumber(layer.gradientNorm),
  },
];

/** One line per weight layer: how many connections, how they move, which neurons lie idle. */
export function createLayersPanel(): RunPanel {
  const { element, body, tools } = createPanel("Layers", "span-12");
  const epoch = h("span", { class: "muted" });
  tools.append(epoch);
  const rows = h("tbody", {});
  body.append(
    h(
      "div",
      { class: "table-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": "Statistics per layer" } },
      h(
        "table",
        { class: "table layers-table" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "Layer"),
            h("th", { scope: "col" }, "Shape"),
            columns.map(column => h("th", { class: "num", scope: "col", title: column.title }, column.label)),
          ),
        ),
        rows,
      ),
    ),
  );
  const empty = h(
    "tr",
    {},
    h("td", { class: "muted", colSpan: columns.length + 2 }, "The statistics come with the first epoch."),
  );
  rows.append(empty);
  return {
    element,
    topics: ["statistics"],
    update({ shown: statistics }) {
      if (!statistics) {
        return;
      }
      setText(epoch, statistics.epoch ? `after epoch ${formatInteger(statistics.epoch)}` : "");
      if (rows.children.length !== statistics.layers.length || empty.isConnected) {
        rows.replaceChildren(...statistics.layers.map(createRow));
      }
      statistics.layers.forEach((layer, index) => updateRow(rows.children[index]!, layer));
    },
  };
}

function createRow(layer: LayerStatistics): HTMLElement {
  return h(
    "tr",
    {},
    h("th", { scope: "row", class: "num-left" }, layer.layer),
    h("td", { class: "nowrap" }, `${layer.inputs} → ${layer.outputs}`),
    columns.map(() => h("td", { class: "num" })),
  );
}

function updateRow(row: Element, layer: LayerStatistics): void {
  columns.forEach((column, index) => setText(row.children[index + 2] as HTMLElement, column.text(layer)));
}
