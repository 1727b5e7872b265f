import type { ApiClient } from "../../api/client";
import { summariseColumns, type ColumnSummary, type DatasetColumns, type DatasetDetails } from "../../api/datasets";
import { formatInteger, formatNumber, formatPercent } from "../../format/format";
import { createBars } from "../../ui/bars";
import { h, setText } from "../../ui/dom";
import { createErrorNotice } from "../../ui/notice";
import { createPanel } from "../../ui/panel";

const step = 24;

/** How the values of each column are spread, a page of columns at a time. */
export function createColumnsPanel(api: ApiClient, dataset: DatasetDetails, signal: AbortSignal): HTMLElement {
  const { element, body, tools } = createPanel("Columns", "span-12");
  const range = h("span", { class: "muted small", attrs: { "aria-live": "polite" } });
  const back = pageButton("Earlier columns", "‹", () => void show(Math.max(0, first - step)));
  const on = pageButton("Later columns", "›", () => void show(first + step));
  tools.append(range, back, on);
  // The corners of a picture are mostly empty: its middle says more.
  let first = dataset.imageHeight ? Math.max(0, Math.floor(dataset.features / 2 / step) * step) : 0;

  const show = async (from: number): Promise<void> => {
    body.setAttribute("aria-busy", "true");
    try {
      const answer = await summariseColumns(api, dataset.id, from, step, signal);
      first = from;
      const last = first + answer.columns.length;
      setText(range, `${formatInteger(first + 1)} to ${formatInteger(last)} of ${formatInteger(answer.total)}${sampled(answer, dataset)}`);
      [back.disabled, on.disabled] = [first === 0, last >= answer.total];
      body.replaceChildren(h("ul", { class: "columns" }, answer.columns.map(createColumn)));
    } catch (error) {
      if (!signal.aborted) {
        body.replaceChildren(createErrorNotice("The columns could not be read", error, () => void show(from)));
      }
    } finally {
      body.removeAttribute("aria-busy");
    }
  };
  void show(first);
  return element;
}

const sampled = ({ rowsRead }: DatasetColumns, { rows }: DatasetDetails): string =>
  rowsRead < rows ? `, on ${formatInteger(rowsRead)} evenly spaced rows` : "";

function createColumn(column: ColumnSummary): HTMLElement {
  const name = column.name ?? `Column ${column.column + 1}`;
  const width = (column.to - column.from) / column.histogram.length;
  const isWhole = Math.abs(width - 1) < 1e-9 && !Number.isInteger(column.from);
  const bars = column.histogram.map((count, bin) => {
    const start = column.from + bin * width;
    return { count, label: isWhole ? formatNumber(start + 0.5) : `${formatNumber(start)} to ${formatNumber(start + width)}` };
  });
  const facts =
    `${formatNumber(column.minimum)} to ${formatNumber(column.maximum)}, mean ${formatNumber(column.mean)}, ` +
    `deviation ${formatNumber(column.standardDeviation)}`;
  return h(
    "li",
    { class: "column" },
    h("h3", { title: name }, name),
    createBars(bars, `Histogram of ${name}: ${facts}`),
    h("p", { class: "column-range" }, h("span", {}, formatNumber(column.minimum)), h("span", {}, formatNumber(column.maximum))),
    h("p", { class: "muted small" }, `mean ${formatNumber(column.mean)} ± ${formatNumber(column.standardDeviation)}`),
    h("p", { class: "muted small" }, column.zeroShare > 0 ? `${formatPercent(column.zeroShare, 0)} zeros` : "no zeros"),
  );
}

const pageButton = (label: string, text: string, click: () => void): HTMLButtonElement =>
  h("button", { class: "icon-button", attrs: { "aria-label": label }, title: label, on: { click } }, text);
