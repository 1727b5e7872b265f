import { getStorage, type Storage } from "../../api/admin";
import type { ApiClient } from "../../api/client";
import { formatBytes, formatInteger } from "../../format/format";
import { datasetLink, modelLink, runLink } from "../../shell/router";
import { h } from "../../ui/dom";
import { createReadingPanel, type AdminPanel } from "./adminPanel";

const notes: Record<string, string> = { unused: "goes with the next sweep", metrics: "points of curves", events: "what happened to runs" };

/** What takes how much room in the database. */
export function createStoragePanel(api: ApiClient, signal: AbortSignal): AdminPanel {
  const panel = createReadingPanel("Storage", "", false, () => getStorage(api, signal), draw, signal);
  panel.tools.append(h("button", { class: "button small", type: "button", on: { click: () => void panel.refresh() } }, "Read again"));
  return panel;
}

function draw(storage: Storage): HTMLElement[] {
  const largest = Math.max(1, ...storage.kinds.map(kind => kind.bytes));
  return [
    h(
      "p",
      { class: "storage-total" },
      h("strong", {}, formatBytes(storage.databaseBytes)),
      h("span", { class: "muted" }, " on the database's disk"),
    ),
    h(
      "div",
      { class: "storage" },
      h(
        "ul",
        { class: "storage-kinds" },
        storage.kinds.map(({ kind, count, bytes }) =>
          h(
            "li",
            {},
            h("span", {}, kind, h("span", { class: "muted small" }, count == null ? "" : ` ${formatInteger(count)}`)),
            h(
              "span",
              { class: "probability-bar", attrs: { "aria-hidden": "true" } },
              h("i", { style: { transform: `scaleX(${bytes / largest})` } }),
            ),
            h("span", { class: "num", title: notes[kind] ?? "" }, formatBytes(bytes)),
          ),
        ),
      ),
      h(
        "div",
        {},
        h("h3", {}, "Largest"),
        storage.largest.length === 0
          ? h("p", { class: "muted" }, "Nothing is stored yet.")
          : h(
              "ol",
              { class: "storage-largest" },
              storage.largest.map(item =>
                h(
                  "li",
                  {},
                  h("span", { class: "storage-name" }, linkTo(item), h("span", { class: "muted small" }, ` ${wordsFor(item)}`)),
                  h("span", { class: "num" }, formatBytes(item.bytes)),
                ),
              ),
            ),
      ),
    ),
  ];
}

type Item = Storage["largest"][number];

const wordsFor = ({ kind, count }: Item): string => (kind === "checkpoints" ? `${formatInteger(count)} checkpoints` : kind);

function linkTo({ kind, id, name }: Item): Node | string {
  const link = { dataset: datasetLink, model: modelLink, checkpoints: runLink }[kind];
  return link ? h("a", { href: link(id) }, name) : name;
}
