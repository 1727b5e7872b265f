import type { ApiClient } from "../../api/client";
import { previewDataset, type DatasetDetails, type DatasetPreview } from "../../api/datasets";
import { formatInteger, formatNumber } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { createErrorNotice } from "../../ui/notice";
import { createPanel } from "../../ui/panel";
import { drawPicture } from "./picture";

const picturesShown = 40;
const rowsShown = 12;
const valuesShown = 12;

/** Looks at rows, a page at a time: pictures as pictures, everything else as a table. */
export function createRowsPanel(api: ApiClient, dataset: DatasetDetails, signal: AbortSignal): HTMLElement {
  const { element, body, tools } = createPanel("Rows", "span-7");
  const step = dataset.imageHeight ? (dataset.features > 20_000 ? 8 : picturesShown) : rowsShown;
  const range = h("span", { class: "muted small", attrs: { "aria-live": "polite" } });
  const back = pageButton("Earlier rows", "‹", () => void show(Math.max(0, first - step)));
  const on = pageButton("Later rows", "›", () => void show(first + step));
  tools.append(range, back, on);
  let first = 0;

  const show = async (from: number): Promise<void> => {
    body.setAttribute("aria-busy", "true");
    try {
      const preview = await previewDataset(api, dataset.id, from, step, signal);
      first = from;
      const last = first + preview.rows.length;
      setText(range, `${formatInteger(first + 1)} to ${formatInteger(last)} of ${formatInteger(dataset.rows)}`);
      [back.disabled, on.disabled] = [first === 0, last >= dataset.rows];
      body.replaceChildren(preview.image ? pictures(preview, preview.image) : table(preview, dataset));
    } catch (error) {
      if (!signal.aborted) {
        body.replaceChildren(createErrorNotice("The rows could not be read", error, () => void show(from)));
      }
    } finally {
      body.removeAttribute("aria-busy");
    }
  };
  void show(0);
  return element;
}

function pictures(preview: DatasetPreview, shape: NonNullable<DatasetPreview["image"]>): HTMLElement {
  return h(
    "div",
    { class: "pictures" },
    preview.rows.map(({ row, label, features }) =>
      h("figure", {}, drawPicture(features, shape, `Row ${row + 1}, ${label}`), h("figcaption", { title: label }, label)),
    ),
  );
}

function table(preview: DatasetPreview, dataset: DatasetDetails): HTMLElement {
  const shown = Math.min(valuesShown, dataset.features);
  const names = Array.from({ length: shown }, (_, index) => preview.featureNames[index] ?? `${index + 1}`);
  const rest = dataset.features - shown;
  return h(
    "div",
    { class: "table-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": "Rows of the dataset" } },
    h(
      "table",
      { class: "table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { class: "num", scope: "col" }, "Row"),
          h("th", { scope: "col" }, "Label"),
          names.map(name => h("th", { class: "num", scope: "col" }, name)),
          rest > 0 ? h("th", { scope: "col" }, `${formatInteger(rest)} more`) : null,
        ),
      ),
      h(
        "tbody",
        {},
        preview.rows.map(({ row, label, features }) =>
          h(
            "tr",
            {},
            h("td", { class: "num" }, formatInteger(row + 1)),
            h("td", {}, label),
            features.slice(0, shown).map(value => h("td", { class: "num" }, formatNumber(value))),
            rest > 0 ? h("td", {}, "…") : null,
          ),
        ),
      ),
    ),
  );
}

const pageButton = (label: string, text: string, click: () => void): HTMLButtonElement =>
  h("button", { class: "icon-button", attrs: { "aria-label": label }, title: label, on: { click } }, text);
