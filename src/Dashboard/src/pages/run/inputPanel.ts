import type { Dataset } from "../../api/types";
import { formatInteger, formatNumber } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { colorScaleCss } from "../../ui/colorScale";
import { HeatMap } from "../../ui/heatMap";
import { createPanel } from "../../ui/panel";
import { rankItem } from "./neuronsPanel";
import type { RunPanel } from "./runPanel";

const featuresShown = 12;

/** What the network looks at: importance of every input, as a picture when the inputs are one. */
export function createInputPanel(): RunPanel {
  const { element, body, tools } = createPanel("Input importance", "span-5", "Σ|w| of outgoing connections");
  const readout = h("span", { class: "muted small readout", attrs: { "aria-hidden": "true" } });
  tools.append(readout);
  const maps: HeatMap[] = [];
  const scaleLow = h("span", {});
  const scaleHigh = h("span", {});
  const scale = h("div", { class: "color-scale" }, scaleLow, h("i", { style: { background: colorScaleCss() } }), scaleHigh);
  const wait = h("p", { class: "muted small image-wait" }, "The first epoch brings it.");
  body.append(wait);

  function drawImage(values: number[], { height, width, channels }: ImageShape): void {
    if (maps.length !== channels) {
      maps.splice(
        0,
        maps.length,
        ...Array.from({ length: channels }, () => new HeatMap(height, width, text => setText(readout, text))),
      );
      body.replaceChildren(
        h(
          "div",
          { class: "heat-maps" },
          maps.map((map, channel) =>
            h("figure", {}, map.element, channels > 1 ? h("figcaption", {}, channelName(channel, channels)) : null),
          ),
        ),
        scale,
      );
    }
    const highest = values.reduce((high, value) => Math.max(high, value), 0);
    const lowest = values.reduce((low, value) => Math.min(low, value), highest);
    setText(scaleLow, formatNumber(lowest));
    setText(scaleHigh, formatNumber(highest));
    maps.forEach((map, channel) =>
      map.draw(channels === 1 ? values : values.filter((_, feature) => feature % channels === channel), lowest, highest),
    );
  }

  return {
    element,
    topics: ["statistics"],
    update({ shown, dataset }) {
      const values = shown?.inputImportance;
      if (!values || values.length === 0) {
        return;
      }
      const shape = imageShape(dataset, values.length);
      if (shape) {
        drawImage(values, shape);
      } else {
        maps.splice(0);
        body.replaceChildren(strongestFeatures(values, dataset?.featureNames));
      }
    },
  };
}

interface ImageShape {
  height: number;
  width: number;
  channels: number;
}

function imageShape(dataset: Dataset | null, features: number): ImageShape | null {
  const { imageHeight: height, imageWidth: width, imageChannels } = dataset ?? {};
  const channels = imageChannels ?? 1;
  return height && width && height * width * channels === features ? { height, width, channels } : null;
}

function channelName(channel: number, channels: number): string {
  return channels === 3 ? ["red", "green", "blue"][channel]! : `channel ${channel + 1}`;
}

function strongestFeatures(values: number[], names: string[] | null | undefined): HTMLElement {
  const strongest = values
    .map((value, feature) => ({ value, feature }))
    .sort((a, b) => b.value - a.value)
    .slice(0, featuresShown);
  const unused = values.filter(value => value === 0).length;
  const lost = unused === 0 ? "all are connected" : `${formatInteger(unused)} not connected any more`;
  return h(
    "div",
    {},
    h(
      "ol",
      { class: "rank" },
      strongest.map(({ value, feature }) => rankItem(names?.[feature] ?? `feature ${feature}`, value, strongest[0]!.value)),
    ),
    h(
      "p",
      { class: "muted small" },
      `${formatInteger(values.length)} features; ${lost}.`,
    ),
  );
}
