import { getQueue, listWorkers, type HeldRun, type Queue, type Worker } from "../../api/admin";
import type { ApiClient } from "../../api/client";
import { formatDuration, formatInteger, formatTime } from "../../format/format";
import { runLink } from "../../shell/router";
import { h } from "../../ui/dom";
import { createStateChip } from "../../ui/stateChip";
import { createReadingPanel, type AdminPanel } from "./adminPanel";

/** Which worker trains what, and what waits for one. */
export function createQueuePanel(api: ApiClient, signal: AbortSignal): AdminPanel {
  const read = async () => ({ workers: await listWorkers(api, signal), queue: await getQueue(api, signal) });
  return createReadingPanel("Workers and queue", "every few seconds", true, read, ({ workers, queue }) => draw(workers, queue), signal);
}

function draw(workers: Worker[], queue: Queue): HTMLElement[] {
  const known = new Set(workers.map(worker => worker.name));
  const lost = queue.held.filter(run => !known.has(run.worker));
  return [
    workers.length === 0 && lost.length === 0
      ? h("p", { class: "muted" }, "No worker runs. Start one with ./sparse worker, or the service with one inside: ./sparse serve.")
      : createWorkers(workers, queue.held),
    ...(lost.length > 0
      ? [h("p", { class: "muted" }, "Held by a worker that is not listed any more: ", ...links(lost), ". Another takes them over soon.")]
      : []),
    h(
      "h3",
      {},
      queue.waitingTotal === 0 ? "Nothing waits" : `${formatInteger(queue.waitingTotal)} waiting`,
      h("span", { class: "muted" }, ` for ${formatInteger(queue.slots)} ${queue.slots === 1 ? "slot" : "slots"}`),
    ),
    ...(queue.waiting.length > 0 ? [createWaiting(queue)] : []),
  ];
}

function createWorkers(workers: Worker[], held: HeldRun[]): HTMLElement {
  return table(
    "Workers",
    ["Worker", "State", "Busy", "Trains", "Last heard", "Since"],
    workers.map(worker => {
      const runs = held.filter(run => run.worker === worker.name);
      const stillness = (Date.now() - Date.parse(worker.seenAt)) / 1000;
      return [
        h("span", { class: "strong" }, worker.name),
        h("span", { class: worker.isAlive ? "chip chip-succeeded" : "chip chip-failed" }, worker.isAlive ? "Alive" : "Silent"),
        `${runs.length} of ${worker.slots}`,
        runs.length === 0 ? h("span", { class: "muted" }, "nothing") : h("ul", { class: "held" }, runs.map(createHeld)),
        // Heartbeats come every ten seconds; what is younger is now.
        stillness < 15 ? "now" : `${formatDuration(Math.round(stillness / 5) * 5)} ago`,
        formatTime(worker.startedAt),
      ];
    }),
  );
}

function createHeld(run: HeldRun): HTMLElement {
  return h(
    "li",
    {},
    h("a", { href: runLink(run.id) }, nameOf(run)),
    " ",
    createStateChip(run.state),
    h("span", { class: "muted small nowrap" }, ` epoch ${run.epochsDone} of ${run.epochsTotal}`),
  );
}

function createWaiting(queue: Queue): HTMLElement {
  return table(
    "Waiting runs",
    ["Run", "Place", "Waits", "Posted", "Attempts"],
    queue.waiting.map(run => [
      h("a", { href: runLink(run.id) }, nameOf(run)),
      String(run.place),
      run.notBefore ? `for a retry at ${formatTime(run.notBefore)}` : formatDuration(run.waitingSeconds),
      formatTime(run.createdAt),
      String(run.attempt),
    ]),
  );
}

function table(name: string, headings: string[], rows: (Node | string)[][]): HTMLElement {
  return h(
    "div",
    { class: "table-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": name } },
    h(
      "table",
      { class: "table cards-table" },
      h("thead", {}, h("tr", {}, headings.map(text => h("th", { scope: "col" }, text)))),
      h(
        "tbody",
        {},
        rows.map(cells =>
          h(
            "tr",
            {},
            cells.map((content, index) => {
              const cell = h("td", { class: index === 0 ? "cell-name" : "labelled" }, content);
              cell.dataset["label"] = headings[index]!;
              return cell;
            }),
          ),
        ),
      ),
    ),
  );
}

const links = (runs: HeldRun[]): (Node | string)[] =>
  runs.flatMap((run, index) => [index > 0 ? ", " : "", h("a", { href: runLink(run.id) }, nameOf(run))]);

const nameOf = (run: { id: string; name?: string | null }): string => run.name ?? run.id.slice(0, 8);
