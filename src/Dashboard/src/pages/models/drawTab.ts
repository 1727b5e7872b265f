import type { ApiClient } from "../../api/client";
import { describeError } from "../../api/apiError";
import type { DatasetPreview } from "../../api/datasets";
import { predict, type ImageShape, type Model } from "../../api/models";
import { formatNumber } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { DrawingPad, type PenMode } from "../../ui/drawingPad";
import { ProbabilityBars } from "../../ui/probabilityBars";
import { drawPicture } from "../datasets/picture";

const invitation = "Draw something: the model answers while you draw.";

/** An image drawn by hand, in the dataset's range of values, and what the model makes of it. */
export function createDrawTab(
  api: ApiClient,
  model: Model,
  image: ImageShape,
  samples: Promise<DatasetPreview | null>,
  signal: AbortSignal,
): HTMLElement {
  const bars = new ProbabilityBars(model.classNames);
  const value = h("p", { class: "verdict", attrs: { role: "status" } });
  const fault = h("p", { class: "field-error", attrs: { role: "alert" } });
  // Of most image datasets; the samples say when it is another one.
  let [low, high] = [0, 255];
  let [isAsking, isStale] = [false, false];

  const ask = async (): Promise<void> => {
    if (isAsking) {
      isStale = true; // The newest drawing is asked for as soon as the answer before it is there.
      return;
    }
    isAsking = true;
    do {
      isStale = false;
      await askOnce();
    } while (isStale && !signal.aborted);
    isAsking = false;
  };
  const askOnce = async (): Promise<void> => {
    if (pad.isEmpty) {
      bars.clear(invitation);
      setText(value, "");
      return;
    }
    try {
      const answer = await predict(api, model.id, rowOf(pad.pixels, image, low, high), signal);
      setText(fault, "");
      const [first] = answer.predictions ?? [];
      if (first && !pad.isEmpty) {
        bars.show(first.probabilities);
      }
      setText(value, answer.values ? answer.values.slice(0, model.outputs).map(formatNumber).join(", ") : "");
    } catch (error) {
      if (!signal.aborted) {
        setText(fault, describeError(error));
      }
    }
  };

  const pad = new DrawingPad(image.width, image.height, () => void ask());
  const strip = h("div", { class: "samples", hidden: true });
  void samples.then(preview => {
    if (preview?.image) {
      const values = preview.rows.flatMap(row => row.features);
      [low, high] = values.reduce(([least, most], each) => [Math.min(least, each), Math.max(most, each)], [Infinity, -Infinity]);
      strip.hidden = false;
      strip.append(...preview.rows.map(row => sampleButton(row, preview.image!, features => pad.load(inkOf(features, image, low, high)))));
    }
  });
  bars.clear(invitation);
  return h(
    "div",
    { class: "draw-tab" },
    h(
      "div",
      { class: "draw-side" },
      pad.element,
      h(
        "div",
        { class: "draw-tools" },
        penSwitch(pad),
        h("button", { class: "button small", type: "button", on: { click: () => pad.clear() } }, "Clear"),
      ),
      h("p", { class: "hint" }, "With the keyboard: arrows move, Space draws, Shift and arrows draw a line, Delete clears."),
      strip,
    ),
    h("div", { class: "draw-result" }, model.classNames.length > 0 ? bars.element : value, fault),
  );
}

function penSwitch(pad: DrawingPad): HTMLElement {
  const choose = (mode: PenMode) => {
    pad.mode = mode;
    buttons.forEach(([each, button]) => button.setAttribute("aria-pressed", String(each === mode)));
  };
  const buttons = (["draw", "erase"] as const).map(
    (mode): [PenMode, HTMLElement] => [
      mode,
      h("button", { class: "button small", type: "button", on: { click: () => choose(mode) } }, mode === "draw" ? "Pen" : "Eraser"),
    ],
  );
  choose("draw");
  return h("div", { class: "switch", attrs: { role: "group", "aria-label": "Tool" } }, buttons.map(([, button]) => button));
}

function sampleButton(
  { row, label, features }: DatasetPreview["rows"][number],
  image: ImageShape,
  onChoose: (features: number[]) => void,
): HTMLElement {
  const name = `Take row ${row + 1}, which is ${label}`;
  return h(
    "button",
    { class: "sample", type: "button", title: name, attrs: { "aria-label": name }, on: { click: () => onChoose(features) } },
    drawPicture(features, image, label),
  );
}

/** Ink becomes the brightest value of the data, and what has none the darkest; all channels alike. */
function rowOf(ink: Float32Array, { channels }: ImageShape, low: number, high: number): Float32Array<ArrayBuffer> {
  const row = new Float32Array(ink.length * channels);
  return row.map((_, index) => low + ink[Math.floor(index / channels)]! * (high - low));
}

function inkOf(features: readonly number[], { width, height, channels }: ImageShape, low: number, high: number): Float32Array {
  const ink = new Float32Array(width * height);
  return ink.map((_, pixel) => {
    const values = features.slice(pixel * channels, (pixel + 1) * channels);
    return (values.reduce((sum, each) => sum + each, 0) / channels - low) / (high - low || 1);
  });
}
