import type { ApiClient } from "../../api/client";
import { describeError } from "../../api/apiError";
import type { DatasetPreview } from "../../api/datasets";
import { predict, type Model } from "../../api/models";
import { formatInteger, formatNumber } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { createField } from "../../ui/field";
import { ProbabilityBars } from "../../ui/probabilityBars";
import { parseRow } from "./csv";

/** One row of values, typed or taken from the dataset. */
export function createRowTab(api: ApiClient, model: Model, samples: Promise<DatasetPreview | null>, signal: AbortSignal): HTMLElement {
  const bars = new ProbabilityBars(model.classNames);
  const value = h("p", { class: "verdict", attrs: { role: "status" } });
  const fault = h("p", { class: "field-error", id: "row-fault", attrs: { role: "alert" } });
  const truth = h("p", { class: "muted small" });
  const text = h("textarea", { class: "input row-values", rows: 6, spellcheck: false, placeholder: "0.5, 1.25, -3, …" });
  const submit = h("button", { class: "button primary", type: "submit" }, "Predict");
  const source = h("select", { class: "input" }, h("option", { value: "" }, "Typed"));
  const sourceField = createField("row-source", "Values", source);
  sourceField.hidden = true;

  const ask = async (): Promise<void> => {
    const { values, faults } = parseRow(text.value, model.features);
    setText(fault, faults);
    text.setAttribute("aria-invalid", String(faults !== ""));
    if (faults !== "") {
      text.focus();
      return;
    }
    submit.disabled = true;
    try {
      const answer = await predict(api, model.id, Float32Array.from(values), signal);
      const [first] = answer.predictions ?? [];
      if (first) {
        bars.show(first.probabilities);
      }
      setText(value, answer.values ? answer.values.map(formatNumber).join(", ") : "");
    } catch (error) {
      if (!signal.aborted) {
        setText(fault, describeError(error));
      }
    } finally {
      submit.disabled = false;
    }
  };

  void samples.then(preview => {
    const rows = preview?.rows ?? [];
    source.append(...rows.map(row => h("option", { value: String(row.row) }, `Row ${row.row + 1} of ${model.datasetName}`)));
    sourceField.hidden = rows.length === 0;
    source.addEventListener("change", () => {
      const row = rows.find(each => String(each.row) === source.value);
      text.value = row ? row.features.join(", ") : "";
      setText(truth, row ? `In the dataset this row is ${row.label}.` : "");
      if (row) {
        void ask();
      }
    });
  });
  bars.clear("Give a row and press Predict.");
  text.addEventListener("input", () => {
    source.value = "";
    setText(truth, "");
  });
  const form = h(
    "form",
    { class: "form", noValidate: true, on: { submit: (event: SubmitEvent) => (event.preventDefault(), void ask()) } },
    sourceField,
    createField(
      "row-text",
      `${formatInteger(model.features)} values`,
      text,
      "As they came from the source: the model normalises them itself. Commas, blanks or new lines between them.",
    ),
    fault,
    h("div", { class: "form-actions" }, submit, truth),
  );
  return h("div", { class: "draw-tab" }, form, h("div", { class: "draw-result" }, model.classNames.length > 0 ? bars.element : value));
}
