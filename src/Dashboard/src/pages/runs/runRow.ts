import type { Run } from "../../api/types";
import { formatCount, formatDuration, formatLoss, formatPercent, formatTime } from "../../format/format";
import { runLink } from "../../shell/router";
import { h, setText } from "../../ui/dom";
import { createProgress } from "../../ui/progress";
import { createStateChip, updateStateChip } from "../../ui/stateChip";
import { durationSeconds, progressNote } from "../run/timing";

export const runColumns = [
  { label: "State", numeric: false },
  { label: "Run", numeric: false },
  { label: "Progress", numeric: false },
  { label: "Loss", numeric: true },
  { label: "Test accuracy", numeric: true },
  { label: "Density", numeric: true },
  { label: "Connections", numeric: true },
  { label: "Duration", numeric: true },
  { label: "Created", numeric: true },
] as const;

export interface RunRow {
  element: HTMLTableRowElement;
  update(run: Run, now: number): void;
}

/** One line of the table; updated in place, so that nothing jumps and a focused link keeps its focus. */
export function createRunRow(first: Run): RunRow {
  const chip = createStateChip(first.state);
  const link = h("a", { href: runLink(first.id) });
  const detail = h("div", { class: "cell-detail" });
  const progress = createProgress(`Progress of ${nameOf(first)}`);
  const numbers = runColumns.slice(3).map(column => h("td", { class: "num", attrs: { "data-label": column.label } }));
  const element = h(
    "tr",
    {},
    h("td", { class: "cell-state" }, chip),
    h("th", { class: "cell-name", scope: "row" }, link, detail),
    h("td", { class: "cell-progress" }, progress.element),
    numbers,
  );
  return {
    element,
    update(run, now) {
      updateStateChip(chip, run.state);
      setText(link, nameOf(run));
      setText(detail, run.state === "failed" && run.message ? run.message : describeNetwork(run));
      const share = run.epochsTotal > 0 ? run.epochsDone / run.epochsTotal : 0;
      progress.update(share, `${run.epochsDone} / ${run.epochsTotal}`, progressNote(run, share, now));
      const texts = [
        formatLoss(run.loss),
        formatPercent(run.testAccuracy),
        formatPercent(run.density),
        formatCount(run.nnz),
        formatDuration(durationSeconds(run, now)),
        formatTime(run.createdAt, new Date(now)),
      ];
      numbers.forEach((cell, index) => setText(cell, texts[index] ?? ""));
    },
  };
}

export const nameOf = (run: Run): string => run.name || `Run ${run.id.slice(0, 8)}`;

function describeNetwork(run: Run): string {
  const { layers } = run.spec.training.network;
  return layers.length <= 7
    ? layers.join(" – ")
    : `${layers.slice(0, 3).join(" – ")} – … – ${layers.at(-1)} (${layers.length} layers)`;
}
