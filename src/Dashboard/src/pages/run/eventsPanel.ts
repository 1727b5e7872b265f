import type { RunEvent, RunState } from "../../api/types";
import { formatBytes, formatLoss, formatPercent, formatTime } from "../../format/format";
import { h } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import { stateWords } from "../../ui/stateChip";
import type { RunPanel } from "./runPanel";

/** The newest events, newest first. */
export function createEventsPanel(): RunPanel {
  const { element, body } = createPanel("Events", "span-6");
  const list = h("ol", { class: "events" });
  body.append(
    h("div", { class: "events-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": "Events, newest first" } }, list),
  );
  let newest = 0;
  let oldest = Number.POSITIVE_INFINITY;
  return {
    element,
    topics: ["events"],
    update({ events }) {
      const first = events[0]?.seq ?? 0;
      if (first < oldest) {
        list.replaceChildren();
        newest = 0;
      }
      oldest = first;
      for (const event of events.filter(candidate => candidate.seq > newest)) {
        list.prepend(createItem(event));
        newest = event.seq;
      }
      while (list.children.length > events.length) {
        list.lastElementChild!.remove();
      }
    },
  };
}

function createItem(event: RunEvent): HTMLElement {
  return h(
    "li",
    { class: `event event-${event.kind}` },
    h("span", { class: "event-seq" }, event.seq),
    h("time", { dateTime: event.at, title: event.at }, formatTime(event.at)),
    h("span", { class: "event-kind" }, event.kind),
    h("span", { class: "event-text" }, describeEvent(event)),
  );
}

export function describeEvent({ kind, payload }: RunEvent): string {
  const number = (name: string) => (typeof payload[name] === "number" ? payload[name] : null);
  switch (kind) {
    case "state": {
      const { state, message, reason, attempt } = payload;
      const parts = [
        stateWords(state as RunState),
        typeof attempt === "number" && attempt > 1 ? `attempt ${attempt}` : "",
        message ? String(message) : reason && reason !== "none" ? String(reason) : "",
      ];
      return parts.filter(part => part !== "").join(" · ");
    }
    case "epoch": {
      const accuracy = number("testAccuracy");
      return (
        `Epoch ${number("epoch")} · loss ${formatLoss(number("loss"))} · test ${formatLoss(number("testLoss"))}` +
        (accuracy === null ? "" : ` · accuracy ${formatPercent(accuracy)}`)
      );
    }
    case "checkpoint":
      return `Epoch ${number("epoch")} · ${formatBytes(number("bytes"))}`;
    case "model":
      return `${formatBytes(number("bytes"))}, dense twin ${formatBytes(number("denseBytes"))}`;
    case "log":
      return String(payload["message"] ?? "");
    default:
      return JSON.stringify(payload);
  }
}
