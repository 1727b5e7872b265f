import { h } from "./dom";

const region = h("div", { class: "toasts", attrs: { role: "status", "aria-live": "polite" } });

/** A short message that goes by itself; errors stay until they are closed. */
export function showToast(text: string, kind: "info" | "error" = "info"): void {
  if (!region.isConnected) {
    document.body.append(region);
  }
  const toast = h(
    "div",
    { class: `toast toast-${kind}` },
    h("span", {}, text),
    h("button", { class: "icon-button", attrs: { "aria-label": "Dismiss" }, on: { click: () => toast.remove() } }, "×"),
  );
  region.append(toast);
  if (kind === "info") {
    window.setTimeout(() => toast.remove(), 4000);
  }
}
