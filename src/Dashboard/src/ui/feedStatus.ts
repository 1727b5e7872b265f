import type { FeedStatus } from "../live/hubLink";
import { h, setText } from "./dom";

const words: Record<FeedStatus, string> = {
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
  closed: "Not connected",
};

/** Whether what is shown is live. */
export function createFeedStatus(): { element: HTMLElement; show(status: FeedStatus | null): void } {
  const element = h("span", { class: "feed", attrs: { role: "status" } });
  return {
    element,
    show(status) {
      setText(element, status === null ? "" : words[status]);
      if (status !== null) {
        element.dataset["status"] = status;
      }
    },
  };
}
