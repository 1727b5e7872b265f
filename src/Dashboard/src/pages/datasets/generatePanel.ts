import { describeError } from "../../api/apiError";
import type { ApiClient } from "../../api/client";
import { generateDataset, type DatasetDetails } from "../../api/datasets";
import { h, setText } from "../../ui/dom";
import { createField } from "../../ui/field";

const kinds = [
  { value: "glyphs", label: "glyphs: 28 by 28 pictures of ten signs" },
  { value: "madelon", label: "madelon: 500 features, 20 of them tell something" },
  { value: "echoes", label: "echoes: 256 by 256 pictures, two classes" },
];

/** Datasets that the service draws by itself; closed until somebody wants one. */
export function createGeneratePanel(api: ApiClient, onDone: (dataset: DatasetDetails) => void): HTMLElement {
  const name = h("input", { class: "input", required: true, maxLength: 200, value: "glyphs" });
  const kind = h(
    "select",
    {
      class: "input",
      on: {
        change: () => {
          name.value = kind.value;
        },
      },
    },
    kinds.map(({ value, label }) => h("option", { value }, label)),
  );
  const train = number("6000", 1_000_000);
  const test = number("1000", 1_000_000);
  const seed = number("1", Number.MAX_SAFE_INTEGER, 0);
  const error = h("p", { class: "field-error", attrs: { role: "alert" } });
  const submit = h("button", { class: "button", type: "submit" }, "Make it");

  const make = async () => {
    submit.disabled = true;
    setText(error, "");
    setText(submit, "Drawing …");
    try {
      const [trainSamples, testSamples] = [Number(train.value), Number(test.value)];
      const sizes = { trainSamples, testSamples, seed: Number(seed.value) };
      onDone(await generateDataset(api, { name: name.value.trim(), kind: kind.value, ...sizes }));
    } catch (failure) {
      setText(error, describeError(failure));
    } finally {
      submit.disabled = false;
      setText(submit, "Make it");
    }
  };
  const form = h(
    "form",
    {
      class: "form",
      on: {
        submit: (event: SubmitEvent) => {
          event.preventDefault();
          void make();
        },
      },
    },
    h(
      "div",
      { class: "form-row" },
      createField("generated-kind", "Kind", kind),
      createField("generated-name", "Name", name),
      createField("generated-train", "Training rows", train),
      createField("generated-test", "Test rows", test),
      createField("generated-seed", "Seed", seed),
    ),
    error,
    h("div", { class: "form-actions" }, submit),
  );
  return h("details", { class: "panel" }, h("summary", {}, "Or let the service draw a dataset"), form);
}

const number = (value: string, max: number, min = 1): HTMLInputElement =>
  h("input", { class: "input", type: "number", required: true, value, min: String(min), max: String(max), step: "1" });
