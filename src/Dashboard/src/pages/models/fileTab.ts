import type { ApiClient } from "../../api/client";
import { describeError } from "../../api/apiError";
import { predict, type Model } from "../../api/models";
import { formatInteger, formatNumber, formatPercent } from "../../format/format";
import { h } from "../../ui/dom";
import { createDropZone } from "../../ui/dropZone";
import { createProgress } from "../../ui/progress";
import { saveBlob } from "../../ui/saveBlob";
import { formatCsv, parseCsv, type CsvRows } from "./csv";

const mostBytes = 100_000_000;
const bytesAtOnce = 4_000_000;
const outputsAtOnce = 200_000;
const rowsShown = 50;
const words = new Set(["Predicted", "Label"]);

/** A row of the answer: what was predicted, with one probability for each class, or one value for each output. */
interface Answer {
  predicted: string;
  shares: number[];
}

/** Predicts every row of a CSV file; the result is a table and a file. */
export function createFileTab(api: ApiClient, model: Model, signal: AbortSignal): { element: HTMLElement; dispose(): void } {
  const result = h("div", { class: "file-result", attrs: { "aria-live": "polite" } });
  const zone = createDropZone(
    "Drop a CSV file here",
    `${formatInteger(model.features)} columns of values in each line; one more column may hold the true label. Nothing of it is kept.`,
    "Choose a file",
    ([file]) => void run(file!),
  );
  let runs = 0;

  const run = async (file: File): Promise<void> => {
    const mine = ++runs;
    try {
      if (file.size > mostBytes) {
        throw new Error(
          `The file has ${formatInteger(file.size)} bytes; allowed here: ${formatInteger(mostBytes)}. The API takes it in parts.`,
        );
      }
      const rows = parseCsv(await file.text(), model.features);
      const progress = createProgress(`Predicting ${file.name}`);
      result.replaceChildren(progress.element);
      const answers = await predictAll(api, model, rows, signal, done =>
        progress.update(done / rows.count, `${formatInteger(done)} of ${formatInteger(rows.count)} rows`, ""),
      );
      if (mine === runs) {
        result.replaceChildren(...createResult(model, file.name, rows, answers));
      }
    } catch (error) {
      if (!signal.aborted && mine === runs) {
        result.replaceChildren(h("p", { class: "field-error", attrs: { role: "alert" } }, describeError(error)));
      }
    }
  };
  return { element: h("div", { class: "file-tab" }, zone.element, result), dispose: zone.dispose };
}

async function predictAll(
  api: ApiClient,
  model: Model,
  { values, count }: CsvRows,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Answer[]> {
  const atOnce = Math.max(1, Math.floor(Math.min(bytesAtOnce / (4 * model.features), outputsAtOnce / model.outputs)));
  const answers: Answer[] = [];
  for (let from = 0; from < count; from += atOnce) {
    onProgress(from);
    const to = Math.min(count, from + atOnce);
    const answer = await predict(api, model.id, values.slice(from * model.features, to * model.features), signal);
    for (let row = 0; row < to - from; row++) {
      const prediction = answer.predictions?.[row];
      const numbers = answer.values?.slice(row * model.outputs, (row + 1) * model.outputs) ?? [];
      answers.push(
        prediction
          ? { predicted: prediction.class, shares: prediction.probabilities }
          : { predicted: numbers.map(formatNumber).join(", "), shares: numbers },
      );
    }
  }
  return answers;
}

function createResult(model: Model, fileName: string, rows: CsvRows, answers: Answer[]): HTMLElement[] {
  const isOfClasses = model.classNames.length > 0;
  const right = isOfClasses ? (rows.labels?.filter((label, row) => label === answers[row]!.predicted).length ?? null) : null;
  const save = () => {
    const names = isOfClasses ? model.classNames.map(name => `p(${name})`) : answers[0]!.shares.map((_, index) => `output ${index + 1}`);
    const table = answers.map((answer, row) => [
      String(row + 1),
      ...(isOfClasses ? [answer.predicted] : []),
      ...(rows.labels ? [rows.labels[row]!] : []),
      ...answer.shares.map(String),
    ]);
    const heading = ["row", ...(isOfClasses ? ["predicted"] : []), ...(rows.labels ? ["label"] : []), ...names];
    saveBlob(new Blob([formatCsv([heading, ...table])], { type: "text/csv" }), fileName.replace(/\.\w+$/, "") + "-predicted.csv");
  };
  return [
    h(
      "div",
      { class: "form-actions" },
      h("strong", {}, `${formatInteger(rows.count)} rows predicted`),
      right === null ? null : h("span", {}, `${formatInteger(right)} as labelled (${formatPercent(right / rows.count)})`),
      h("button", { class: "button", type: "button", on: { click: save } }, "Download the result"),
    ),
    createTable(model, rows, answers),
    h(
      "p",
      { class: "muted small", hidden: rows.count <= rowsShown },
      `The first ${rowsShown} rows are shown; the download has all ${formatInteger(rows.count)}.`,
    ),
  ];
}

function createTable(model: Model, rows: CsvRows, answers: Answer[]): HTMLElement {
  const isOfClasses = model.classNames.length > 0;
  const headings = ["Row", "Predicted", ...(isOfClasses ? ["Probability"] : []), ...(rows.labels ? ["Label"] : [])];
  return h(
    "div",
    { class: "table-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": "Predictions" } },
    h(
      "table",
      { class: "table predictions-table" },
      h("thead", {}, h("tr", {}, headings.map(text => h("th", { class: words.has(text) ? "" : "num", scope: "col" }, text)))),
      h(
        "tbody",
        {},
        answers.slice(0, rowsShown).map((answer, row) => {
          const label = rows.labels?.[row];
          const isWrong = isOfClasses && label !== undefined && label !== answer.predicted;
          return h(
            "tr",
            { class: isWrong ? "is-wrong" : "" },
            h("td", { class: "num" }, formatInteger(row + 1)),
            h("td", {}, answer.predicted),
            isOfClasses ? h("td", { class: "num" }, formatPercent(Math.max(...answer.shares), 1)) : null,
            label === undefined ? null : h("td", {}, label, isWrong ? h("span", { class: "wrong" }, " differs") : null),
          );
        }),
      ),
    ),
  );
}
