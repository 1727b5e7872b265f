import type { RunEvent, RunEventKind, RunState } from "../../api/types";
import { describeError } from "../../api/apiError";
import { formatBytes, formatInteger, formatLoss, formatPercent, formatTime } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import { stateWords } from "../../ui/stateChip";
import { showToast } from "../../ui/toast";
import type { RunLoader } from "./runLoader";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

const mostShown = 300;
const kinds: RunEventKind[] = ["state", "epoch", "checkpoint", "model", "log"];

/** Events and log, newest first, with a search over all that were read; older ones are read when they are asked for. */
export function createEventsPanel(model: RunModel, loader: RunLoader): RunPanel {
  const { element, body, tools } = createPanel("Events and log", "span-5");
  const list = h("ol", { class: "events" });
  const search = h("input", {
    type: "search",
    class: "input small",
    placeholder: "Search",
    attrs: { "aria-label": "Search the events" },
    on: { input: () => redraw() },
  });
  const kind = h(
    "select",
    { class: "select", attrs: { "aria-label": "Kind of events" }, on: { change: () => redraw() } },
    h("option", { value: "" }, "All kinds"),
    kinds.map(name => h("option", { value: name }, name)),
  );
  const note = h("span", { class: "muted small", attrs: { role: "status" } });
  const older = h("button", { class: "button small", hidden: true, on: { click: () => void readOlder() } }, "Read older events");
  tools.append(search, kind);
  body.append(
    h("div", { class: "events-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": "Events, newest first" } }, list),
    h("div", { class: "events-foot" }, note, older),
  );
  let newest = 0;
  let oldest = Number.POSITIVE_INFINITY;

  async function readOlder(): Promise<void> {
    older.disabled = true;
    try {
      await loader.loadOlderEvents();
    } catch (error) {
      showToast(describeError(error), "error");
    } finally {
      older.disabled = false;
    }
  }

  function redraw(): void {
    const shown = model.events.filter(fits).slice(-mostShown);
    list.replaceChildren(...shown.reverse().map(createItem));
    newest = model.events.at(-1)?.seq ?? 0;
    oldest = model.events[0]?.seq ?? Number.POSITIVE_INFINITY;
    showCount();
  }

  function fits(event: RunEvent): boolean {
    const text = search.value.trim().toLowerCase();
    return (
      (kind.value === "" || event.kind === kind.value) &&
      (text === "" || `${event.seq} ${event.kind} ${describeEvent(event)}`.toLowerCase().includes(text))
    );
  }

  function showCount(): void {
    const isFiltered = search.value.trim() !== "" || kind.value !== "";
    const all = formatInteger(model.events.length);
    setText(note, isFiltered ? `${list.children.length} of ${all} events read` : `${all} events read`);
    older.hidden = oldest <= 1 || model.events.length === 0;
  }

  return {
    element,
    topics: ["events"],
    update({ events }) {
      if ((events[0]?.seq ?? 0) < oldest) {
        redraw();
        return;
      }
      oldest = events[0]?.seq ?? oldest;
      for (let index = firstAfter(events, newest); index < events.length; index++) {
        const event = events[index]!;
        newest = event.seq;
        if (fits(event)) {
          list.prepend(createItem(event));
        }
      }
      while (list.children.length > mostShown) {
        list.lastElementChild!.remove();
      }
      showCount();
    },
  };
}

/** Events are in order, and mostly all but the last are known. */
function firstAfter(events: readonly RunEvent[], seq: number): number {
  let index = events.length;
  while (index > 0 && events[index - 1]!.seq > seq) {
    index--;
  }
  return index;
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
