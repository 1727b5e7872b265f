import type { Run } from "../../api/types";
import { formatDuration, formatInteger, formatLoss, formatPercent } from "../../format/format";
import { runLink } from "../../shell/router";
import { h } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import { stateWords } from "../../ui/stateChip";
import { durationSeconds } from "../run/timing";
import { nameOf } from "../runs/runRow";
import type { CompareRun } from "./compareRun";
import { compareSettings } from "./settings";

const results: { label: string; text(run: Run, now: number): string }[] = [
  { label: "State", text: run => stateWords(run.state) },
  { label: "Epochs", text: run => `${formatInteger(run.epochsDone)} of ${formatInteger(run.epochsTotal)}` },
  { label: "Test accuracy", text: run => formatPercent(run.testAccuracy) },
  { label: "Best test accuracy", text: run => formatPercent(run.bestTestAccuracy) },
  { label: "Train loss", text: run => formatLoss(run.loss) },
  { label: "Test loss", text: run => formatLoss(run.testLoss) },
  { label: "Connections", text: run => formatInteger(run.nnz) },
  { label: "Density", text: run => formatPercent(run.density) },
  { label: "Duration", text: (run, now) => formatDuration(durationSeconds(run, now)) },
];

/** Results of the runs side by side, and the settings that differ; all of them when asked for. */
export function createCompareTable(colorOf: (index: number) => string): { element: HTMLElement; draw(runs: CompareRun[]): void } {
  const { element, body, tools } = createPanel("Results and settings", "span-12");
  let drawn: CompareRun[] = [];
  const all = h("input", { type: "checkbox", on: { change: () => draw(drawn) } });
  tools.append(h("label", { class: "check" }, all, "Show all settings"));
  const head = h("tr", {});
  const rows = h("tbody", {});
  const table = h("table", { class: "table compare-table" }, h("thead", {}, head), rows);
  const label = "Results and settings of the runs";
  body.append(h("div", { class: "table-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": label } }, table));
  let shown = "";

  function draw(compared: CompareRun[]): void {
    drawn = compared;
    const runs = compared.map(({ run }) => run);
    const settings = compareSettings(runs).filter(row => all.checked || row.differs);
    const now = Date.now();
    const lines = [
      ...results.map(({ label: name, text }) => ({ name, values: runs.map(run => text(run, now)), isSetting: false })),
      ...settings.map(({ path, values }) => ({ name: path, values: values.map(value => value ?? "–"), isSetting: true })),
    ];
    const next = JSON.stringify([runs.map(run => [run.id, nameOf(run)]), lines]);
    if (next === shown) {
      return;
    }
    shown = next;
    head.replaceChildren(
      h("td", {}),
      ...runs.map((run, index) =>
        h("th", { scope: "col" }, swatch(colorOf(index)), h("a", { href: runLink(run.id) }, nameOf(run))),
      ),
    );
    const first = lines.findIndex(line => line.isSetting);
    rows.replaceChildren(
      ...lines.map(({ name, values }, index) =>
        h(
          "tr",
          { class: index === first ? "first-setting" : "" },
          h("th", { scope: "row" }, name),
          values.map(value => h("td", {}, value)),
        ),
      ),
      ...(first < 0 && runs.length > 1 ? [noDifference(runs.length)] : []),
    );
  }
  return { element, draw };
}

export const swatch = (color: string): HTMLElement => h("i", { class: "swatch block", style: { "--swatch": `var(${color})` } });

function noDifference(runs: number): HTMLElement {
  const text = "The settings of these runs do not differ.";
  return h("tr", {}, h("td", { class: "muted", colSpan: runs + 1 }, text));
}
