import type { Run } from "../../api/types";
import { runLink } from "../../shell/router";
import { h } from "../../ui/dom";
import { isActive } from "../../ui/stateChip";
import { createRunHeadings } from "./runColumns";
import { createRunRow, type RunRow, type RunRowEvents } from "./runRow";

/** The rows, kept in place as far as their order allows; arrow keys go from row to row, space selects, Enter opens. */
export class RunsTable {
  readonly element: HTMLElement;
  private readonly body = h("tbody", { on: { keydown: event => this.onKey(event) } });
  private readonly headings: ReturnType<typeof createRunHeadings>;
  private rows = new Map<string, RunRow>();
  private runs: Run[] = [];

  constructor(
    private readonly events: RunRowEvents,
    onSort: (sort: string) => void,
  ) {
    this.headings = createRunHeadings(onSort);
    const first = h("th", { scope: "col" }, h("span", { class: "sr-only" }, "Select"));
    this.element = h(
      "div",
      { class: "panel table-panel" },
      h(
        "table",
        { class: "table runs-table" },
        h("caption", { class: "sr-only" }, "Training runs. Arrow keys go from row to row, space selects, Enter opens."),
        h("thead", {}, h("tr", {}, first, this.headings.cells)),
        this.body,
      ),
    );
  }

  draw(runs: Run[], sort: string, selected: ReadonlySet<string>, now: number): void {
    this.runs = runs;
    this.headings.show(sort);
    const rows = new Map(runs.map(run => [run.id, this.rows.get(run.id) ?? createRunRow(run, this.events)]));
    this.rows = rows;
    for (const run of runs) {
      const row = rows.get(run.id)!;
      row.update(run, now);
      row.box.checked = selected.has(run.id);
    }
    this.place(runs.map(run => rows.get(run.id)!.element));
  }

  /** Durations and estimates of runs that go on move between events too. */
  tick(now: number): void {
    this.runs.filter(run => isActive(run.state)).forEach(run => this.rows.get(run.id)?.update(run, now));
  }

  /** Moves as few rows as possible: one that is moved loses the focus. */
  private place(wanted: HTMLElement[]): void {
    const keep = new Set<Element>(wanted);
    [...this.body.children].filter(row => !keep.has(row)).forEach(row => row.remove());
    const focused = document.activeElement;
    wanted.forEach((row, index) => {
      const there = this.body.children[index];
      if (there !== row) {
        this.body.insertBefore(row, there ?? null);
      }
    });
    if (focused instanceof HTMLElement && focused !== document.activeElement && this.body.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  }

  private onKey(event: KeyboardEvent): void {
    const row = event.target instanceof Element ? event.target.closest("tr") : null;
    if (!row || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const rows = [...this.body.children];
    const goals: Record<string, number> = {
      ArrowDown: rows.indexOf(row) + 1,
      ArrowUp: rows.indexOf(row) - 1,
      Home: 0,
      End: rows.length - 1,
    };
    const goal = goals[event.key];
    if (goal !== undefined) {
      event.preventDefault();
      rows[goal]?.querySelector("input")?.focus();
    } else if (event.key === "Enter" && event.target instanceof HTMLInputElement && row.dataset["id"]) {
      window.location.hash = runLink(row.dataset["id"]);
    }
  }
}
