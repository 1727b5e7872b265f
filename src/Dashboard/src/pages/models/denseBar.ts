import type { Model } from "../../api/models";
import { formatBytes } from "../../format/format";
import { h } from "../../ui/dom";

/** The model's bytes as a part of what its dense twin would take. */
export function createDenseBar(model: Model): HTMLElement {
  const share = Math.min(1, model.bytes / model.denseBytes);
  return h(
    "div",
    { class: "dense" },
    h("span", { class: "nowrap" }, formatBytes(model.bytes), h("span", { class: "muted" }, ` of ${formatBytes(model.denseBytes)} dense`)),
    h("span", { class: "dense-bar", attrs: { "aria-hidden": "true" } }, h("i", { style: { width: `${(share * 100).toFixed(1)}%` } })),
  );
}

/** "20.9 × fewer than dense", or null where there is nothing to boast of. */
export function timesFewer(model: Model): string | null {
  const times = model.denseParameters / Math.max(1, model.nnz);
  return times > 1.05 ? `${times >= 99.5 ? times.toFixed(0) : times.toPrecision(3)} × fewer than dense` : null;
}
