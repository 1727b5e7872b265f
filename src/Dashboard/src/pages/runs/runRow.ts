import type { Run } from "../../api/types";
import { formatCount, formatDuration, formatLoss, formatPercent, formatTime } from "../../format/format";
import { runLink } from "../../shell/router";
import { h, setText } from "../../ui/dom";
import { createProgress } from "../../ui/progress";
import { createStateChip, updateStateChip } from "../../ui/stateChip";
import { durationSeconds, progressNote } from "../run/timing";
import { runColumns } from "./runColumns";

const labelsShown = 4;

export interface RunRow {
  element: HTMLTableRowElement;
  /** Marks the run for comparison. */
  box: HTMLInputElement;
  update(run: Run, now: number): void;
}

export interface RunRowEvents {
  onSelect(id: string, isSelected: boolean): void;
  onLabel(label: string): void;
}

/** One line of the table; updated in place, so that nothing jumps and a focused link keeps its focus. */
export function createRunRow(first: Run, events: RunRowEvents): RunRow {
  const chip = createStateChip(first.state);
  const link = h("a", { href: runLink(first.id) });
  const detail = h("div", { class: "cell-detail" });
  const labels = h("div", { class: "labels" });
  const progress = createProgress(`Progress of ${nameOf(first)}`);
  const box = h("input", { type: "checkbox", on: { change: () => events.onSelect(first.id, box.checked) } });
  const numbers = runColumns.slice(3).map(column => h("td", { class: "num", attrs: { "data-label": column.label } }));
  const element = h(
    "tr",
    {},
    h("td", { class: "cell-select" }, h("label", {}, box)),
    h("td", { class: "cell-state" }, chip),
    h("th", { class: "cell-name", scope: "row" }, link, detail, labels),
    h("td", { class: "cell-progress" }, progress.element),
    numbers,
  );
  element.dataset["id"] = first.id;
  let shownLabels = "";
  return {
    element,
    box,
    update(run, now) {
      updateStateChip(chip, run.state);
      setText(link, nameOf(run));
      box.setAttribute("aria-label", `Select ${nameOf(run)} for comparison`);
      setText(detail, run.state === "failed" && run.message ? run.message : describeNetwork(run));
      const pairs = Object.entries(run.labels ?? {}).map(([key, value]) => `${key}=${value}`);
      if (shownLabels !== pairs.join()) {
        shownLabels = pairs.join();
        labels.replaceChildren(...labelButtons(pairs, events.onLabel));
      }
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

export function describeNetwork(run: Run): string {
  const { layers } = run.spec.training.network;
  return layers.length <= 7
    ? layers.join(" – ")
    : `${layers.slice(0, 3).join(" – ")} – … – ${layers.at(-1)} (${layers.length} layers)`;
}

function labelButtons(pairs: string[], onLabel: (label: string) => void): HTMLElement[] {
  const shown = pairs
    .slice(0, labelsShown)
    .map(pair => h("button", { class: "label", title: `Only runs with ${pair}`, on: { click: () => onLabel(pair) } }, pair));
  const rest = pairs.slice(labelsShown);
  return rest.length === 0 ? shown : [...shown, h("span", { class: "muted small", title: rest.join("\n") }, `+${rest.length}`)];
}
