import { formatBytes, formatCount, formatPercent } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { Histogram } from "../../ui/histogram";
import { createPanel } from "../../ui/panel";
import type { RankShare } from "./ranks";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

/** What each worker of a parallel run did in the newest epoch: what it sent, how long it waited, how old its updates were. */
export function createRanksPanel(model: RunModel): RunPanel {
  const { element, body, tools } = createPanel("Ranks", "span-12");
  const epoch = h("span", { class: "muted" });
  tools.append(epoch);
  const rows = h("tbody", {});
  const staleness = new Histogram("staleness");
  const ages = h(
    "div",
    { hidden: true },
    h("div", { class: "part-head" }, h("h3", {}, "Staleness"), h("span", { class: "hint" }, "updates between gradient and use")),
    staleness.element,
  );
  body.append(createTable(rows), ages);
  element.hidden = !model.run.spec.training["parallel"];

  function update(): void {
    const ranks = model.ranks;
    if (!ranks) {
      return;
    }
    setText(epoch, `epoch ${ranks.epoch}, ${ranks.count} ranks`);
    rows.replaceChildren(...ranks.shown.map(createRow));
    ages.hidden = !ranks.staleness;
    if (ranks.staleness) {
      const total = ranks.staleness.reduce((sum, count) => sum + count, 0);
      staleness.draw({
        minimum: 0,
        binWidth: 1,
        counts: ranks.staleness,
        noun: "updates",
        name: `Staleness of ${formatCount(total)} updates, ${formatCount(ranks.staleness[0] ?? 0)} of them fresh.`,
      });
    }
  }
  return { element, topics: ["curves", "events"], update };
}

function createTable(rows: HTMLElement): HTMLElement {
  const columns = ["Samples", "Sent", "Messages", "Waiting"];
  return h(
    "div",
    { class: "table-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": "Workers of the run" } },
    h(
      "table",
      { class: "table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Rank"),
          columns.map(column => h("th", { class: "num", scope: "col" }, column)),
        ),
      ),
      rows,
    ),
  );
}

function createRow(rank: RankShare): HTMLElement {
  const texts = [
    formatCount(rank.samples),
    formatBytes(rank.bytesSent),
    formatCount(rank.messagesSent),
    formatPercent(rank.waitingShare),
  ];
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, rank.name),
    texts.map(text => h("td", { class: "num" }, text)),
  );
}
