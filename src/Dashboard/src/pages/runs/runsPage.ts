import type { Run } from "../../api/types";
import { ApiError, describeError } from "../../api/apiError";
import type { PageContext, PageView } from "../../shell/page";
import { runLink } from "../../shell/router";
import { h, setText } from "../../ui/dom";
import { createEmpty, createErrorNotice } from "../../ui/notice";
import { isActive } from "../../ui/stateChip";
import { showToast } from "../../ui/toast";
import { demoSpec } from "./demoSpec";
import { createRunRow, runColumns, type RunRow } from "./runRow";

const pageSize = 50;
const busyPollMs = 1500;
const idlePollMs = 8000;

export function openRunsPage(context: PageContext): PageView {
  const page = new RunsPage(context);
  page.start();
  return { title: "Runs", element: page.element, dispose: () => page.dispose() };
}

class RunsPage {
  readonly element: HTMLElement;
  private readonly count = h("span", { class: "muted" });
  private readonly content = h("div", { class: "runs-content", attrs: { "aria-busy": "true" } }, skeleton());
  private readonly notice = h("div", {});
  private readonly body = h("tbody", {});
  private readonly more = h(
    "button",
    { class: "button", hidden: true, on: { click: () => void this.loadMore() } },
    "Show older runs",
  );
  private readonly demo = h(
    "button",
    { class: "button primary needs-submitter", on: { click: () => void this.startDemo() } },
    "Start a demo run",
  );
  private readonly table = h(
    "div",
    { class: "panel table-panel" },
    h(
      "table",
      { class: "table runs-table" },
      h("caption", { class: "sr-only" }, "Training runs, newest first"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          runColumns.map(column => h("th", { class: column.numeric ? "num" : "", scope: "col" }, column.label)),
        ),
      ),
      this.body,
    ),
  );
  private readonly rows = new Map<string, RunRow>();
  private readonly abort = new AbortController();
  private runs: Run[] = [];
  private olderRuns: Run[] = [];
  private cursor: string | null = null;
  private timer = 0;
  private clock = 0;
  private readonly onVisible = () => void this.refresh();

  constructor(private readonly context: PageContext) {
    this.element = h(
      "div",
      { class: "page" },
      h("div", { class: "page-head" }, h("h1", {}, "Runs"), this.count, h("div", { class: "page-actions" }, this.demo)),
      this.notice,
      this.content,
      this.more,
    );
  }

  start(): void {
    void this.refresh();
    this.clock = window.setInterval(() => this.updateRows(), 1000);
    document.addEventListener("visibilitychange", this.onVisible);
  }

  dispose(): void {
    this.abort.abort();
    window.clearTimeout(this.timer);
    window.clearInterval(this.clock);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  private async refresh(): Promise<void> {
    window.clearTimeout(this.timer);
    if (document.hidden || this.abort.signal.aborted) {
      return;
    }
    try {
      const page = await this.context.api.listRuns(pageSize, undefined, this.abort.signal);
      this.runs = page.items;
      if (this.olderRuns.length === 0) {
        this.cursor = page.nextCursor ?? null;
      }
      this.notice.replaceChildren();
      this.draw();
    } catch (error) {
      if (this.abort.signal.aborted || (error instanceof ApiError && error.isUnauthorized)) {
        return;
      }
      this.notice.replaceChildren(createErrorNotice("The runs could not be read", error, () => void this.refresh()));
      if (this.rows.size === 0) {
        this.content.replaceChildren();
      }
    }
    const delay = this.runs.some(run => isActive(run.state)) ? busyPollMs : idlePollMs;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.refresh(), delay);
  }

  private draw(): void {
    this.content.removeAttribute("aria-busy");
    const all = this.allRuns();
    this.demo.hidden = all.length === 0;
    this.more.hidden = this.cursor === null;
    const active = all.filter(run => isActive(run.state)).length;
    setText(this.count, all.length === 0 ? "" : `${all.length}${this.cursor === null ? "" : "+"}, ${active} active`);
    if (all.length === 0) {
      this.showEmpty();
      return;
    }
    if (!this.table.isConnected) {
      this.content.replaceChildren(this.table);
    }
    const wanted = all.map(run => this.rowOf(run).element);
    const same = wanted.length === this.body.children.length && wanted.every((row, index) => this.body.children[index] === row);
    if (!same) {
      this.body.replaceChildren(...wanted);
    }
    this.updateRows();
  }

  private updateRows(): void {
    const now = Date.now();
    this.allRuns().forEach(run => this.rows.get(run.id)?.update(run, now));
  }

  private rowOf(run: Run): RunRow {
    const row = this.rows.get(run.id) ?? createRunRow(run);
    this.rows.set(run.id, row);
    return row;
  }

  private allRuns(): Run[] {
    const newest = new Set(this.runs.map(run => run.id));
    return [...this.runs, ...this.olderRuns.filter(run => !newest.has(run.id))];
  }

  private showEmpty(): void {
    const start = h(
      "button",
      { class: "button primary needs-submitter", on: { click: () => void this.startDemo(start) } },
      "Start the demo run",
    );
    this.content.replaceChildren(
      h(
        "div",
        { class: "panel" },
        createEmpty(
          "No runs yet",
          "The demo trains a sparse network on ten kinds of drawn signs that the service generates itself. It takes less than a minute. " +
            "Your own runs come through POST /v1/runs or the sparse command.",
          start,
        ),
      ),
    );
  }

  private async startDemo(button: HTMLButtonElement = this.demo): Promise<void> {
    button.disabled = true;
    try {
      const run = await this.context.api.createRun(demoSpec, crypto.randomUUID());
      window.location.hash = runLink(run.id);
    } catch (error) {
      showToast(describeError(error), "error");
      button.disabled = false;
    }
  }

  private async loadMore(): Promise<void> {
    if (this.cursor === null) {
      return;
    }
    this.more.disabled = true;
    try {
      const page = await this.context.api.listRuns(pageSize, this.cursor, this.abort.signal);
      // Runs that slid over the edge of the first page meanwhile must not fall into the gap.
      this.olderRuns = [...(this.olderRuns.length === 0 ? this.runs : this.olderRuns), ...page.items];
      this.cursor = page.nextCursor ?? null;
      this.draw();
    } catch (error) {
      showToast(describeError(error), "error");
    } finally {
      this.more.disabled = false;
    }
  }
}

function skeleton(): HTMLElement {
  return h(
    "div",
    { class: "panel skeleton-table", attrs: { "aria-label": "Loading the runs" } },
    Array.from({ length: 6 }, () => h("div", { class: "skeleton" })),
  );
}
