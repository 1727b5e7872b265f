import "../../styles/admin.css";
import type { PageContext, PageView } from "../../shell/page";
import { h } from "../../ui/dom";
import { createKeysPanel } from "./keysPanel";
import type { AdminPanel } from "./adminPanel";
import { createQueuePanel } from "./queuePanel";
import { createStoragePanel } from "./storagePanel";

const refreshMs = 5000;

/** For whoever runs the service: who may use it, what works and waits, and how full it is. */
export function openAdminPage(context: PageContext): PageView {
  const abort = new AbortController();
  const keys = createKeysPanel(context, abort.signal);
  const panels: AdminPanel[] = [createQueuePanel(context.api, abort.signal), createStoragePanel(context.api, abort.signal)];
  panels.forEach(panel => void panel.refresh());
  // A tab that nobody looks at asks for nothing.
  const timer = window.setInterval(() => {
    if (!document.hidden) {
      panels.filter(panel => panel.isLive).forEach(panel => void panel.refresh());
    }
  }, refreshMs);
  return {
    title: "Admin",
    element: h(
      "div",
      { class: "page" },
      h("div", { class: "page-head" }, h("h1", {}, "Admin")),
      keys.element,
      panels.map(panel => panel.element),
    ),
    dispose() {
      window.clearInterval(timer);
      abort.abort();
    },
  };
}
