import type { Run } from "../../api/types";
import { ApiError, describeError } from "../../api/apiError";
import type { FeedStatus } from "../../live/hubLink";
import { RunListFeed } from "../../live/runListFeed";
import type { PageContext, PageView } from "../../shell/page";
import { replaceAddress, type Route } from "../../shell/router";
import { h, setText } from "../../ui/dom";
import { createFeedStatus } from "../../ui/feedStatus";
import { createEmpty, createErrorNotice } from "../../ui/notice";
import { isActive } from "../../ui/stateChip";
import { showToast } from "../../ui/toast";
import { createDemoButton, createEmptyRuns } from "./emptyRuns";
import { FilterBar } from "./filterBar";
import { createSortSelect } from "./runColumns";
import { RunList } from "./runList";
import { isFiltered, parseRunQuery, toAddress, toApi, type RunQuery } from "./runQuery";
import { RunsTable } from "./runsTable";
import { mostCompared, Selection } from "./selection";

const pageSize = 50;
const mostReadAtOnce = 200;

export function openRunsPage(context: PageContext, route: Route): PageView {
  const page = new RunsPage(context, parseRunQuery(route.query));
  page.start();
  return { title: "Runs", element: page.element, dispose: () => page.dispose() };
}

class RunsPage {
  readonly element: HTMLElement;
  private readonly count = h("span", { class: "muted", attrs: { role: "status" } });
  private readonly status = createFeedStatus();
  private readonly content = h("div", { class: "runs-content", attrs: { "aria-busy": "true" } }, skeleton());
  private readonly notice = h("div", {});
  private readonly more = h("button", { class: "button", hidden: true, on: { click: () => void this.loadMore() } }, "Show more runs");
  private readonly demo: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly table = new RunsTable(
    { onSelect: (id, isSelected) => this.select(id, isSelected), onLabel: label => this.changeQuery({ label }) },
    sort => this.changeQuery({ sort }),
  );
  private readonly sort = createSortSelect(sort => this.changeQuery({ sort }));
  private readonly filters: FilterBar;
  private readonly selection = new Selection(() => this.schedule());
  private readonly feed: RunListFeed;
  private readonly leaving = new AbortController();
  private reading = new AbortController();
  private list: RunList;
  /** What came live since the last reading began: it may be newer than what is read. */
  private arrived: Run[] = [];
  private readonly gone = new Set<string>();
  private isRead = false;
  private clock = 0;
  private frame = 0;

  constructor(
    private readonly context: PageContext,
    query: RunQuery,
  ) {
    this.list = new RunList(query);
    this.demo = createDemoButton(context.api, "Start a demo run");
    this.empty = createEmptyRuns(context.api);
    this.filters = new FilterBar(query, change => this.changeQuery(change), this.sort.element);
    this.filters.element.hidden = this.demo.hidden = true;
    this.feed = new RunListFeed({
      key: context.key,
      onRuns: (runs, deleted) => this.receive(runs, deleted),
      onReload: () => void this.read(),
      onStatus: status => this.showStatus(status),
    });
    this.element = h(
      "div",
      { class: "page" },
      h(
        "div",
        { class: "page-head" },
        h("h1", {}, "Runs"),
        this.count,
        this.status.element,
        h("div", { class: "page-actions" }, this.demo),
      ),
      this.filters.element,
      this.selection.element,
      this.notice,
      this.content,
      this.more,
    );
  }

  start(): void {
    void this.read();
    void this.readDatasets();
    this.feed.start();
    this.clock = window.setInterval(() => this.table.tick(Date.now()), 1000);
  }

  dispose(): void {
    this.leaving.abort();
    this.reading.abort();
    this.feed.close();
    this.filters.dispose();
    window.clearInterval(this.clock);
    cancelAnimationFrame(this.frame);
  }

  /** Reads the rows that are shown, or the first page; what comes live meanwhile is newer and stays. */
  private async read(): Promise<void> {
    this.reading.abort();
    const mine = (this.reading = new AbortController());
    const list = this.list;
    this.arrived = [];
    this.gone.clear();
    const limit = Math.min(mostReadAtOnce, Math.max(pageSize, Math.ceil(list.size / pageSize) * pageSize));
    try {
      const page = await this.context.api.listRuns(toApi(list.query), limit, undefined, mine.signal);
      list.replace(page);
      list.apply(this.arrived, [...this.gone]);
      this.isRead = true;
      this.notice.replaceChildren();
      this.schedule();
    } catch (error) {
      if (!mine.signal.aborted && !(error instanceof ApiError && error.isUnauthorized)) {
        this.notice.replaceChildren(createErrorNotice("The runs could not be read", error, () => void this.read()));
        if (!this.isRead) {
          this.content.replaceChildren();
        }
      }
    }
  }

  private async loadMore(): Promise<void> {
    const { list } = this;
    if (list.cursor === null) {
      return;
    }
    this.more.disabled = true;
    try {
      list.add(await this.context.api.listRuns(toApi(list.query), pageSize, list.cursor, this.leaving.signal));
      this.schedule();
    } catch (error) {
      if (!this.leaving.signal.aborted) {
        showToast(describeError(error), "error");
      }
    } finally {
      this.more.disabled = false;
    }
  }

  private async readDatasets(): Promise<void> {
    try {
      this.filters.showDatasets(await this.context.api.listDatasets(this.leaving.signal), this.list.query);
    } catch {
      // The list itself says when the service does not answer; without the names the filter offers none.
    }
  }

  private receive(runs: Run[], deleted: string[]): void {
    this.list.apply(runs, deleted);
    this.arrived = [...this.arrived, ...runs].slice(-mostReadAtOnce);
    deleted.forEach(id => this.gone.add(id));
    deleted.filter(id => this.selection.ids.has(id)).forEach(id => this.selection.set(id, false));
    this.schedule();
  }

  private changeQuery(change: Partial<RunQuery>): void {
    const query = { ...this.list.query, ...change };
    if (JSON.stringify(query) === JSON.stringify(this.list.query)) {
      return;
    }
    this.list = new RunList(query);
    this.filters.show(query);
    replaceAddress(toAddress(query));
    void this.read();
  }

  private select(id: string, isSelected: boolean): void {
    if (!this.selection.set(id, isSelected)) {
      showToast(`At most ${mostCompared} runs can be compared at a time.`);
      this.schedule();
    }
  }

  private showStatus(status: FeedStatus): void {
    this.status.show(status);
  }

  /** Many messages in one frame become one drawing; a hidden tab draws nothing. */
  private schedule(): void {
    if (this.frame === 0) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.draw();
      });
    }
  }

  private draw(): void {
    if (!this.isRead) {
      return;
    }
    const now = Date.now();
    const { query, cursor } = this.list;
    const runs = this.list.sorted(now);
    const isBare = runs.length === 0 && !isFiltered(query);
    this.content.removeAttribute("aria-busy");
    this.demo.hidden = this.filters.element.hidden = isBare;
    this.more.hidden = cursor === null;
    const active = runs.filter(run => isActive(run.state)).length;
    const shownRuns = `${runs.length}${cursor === null ? "" : "+"} ${runs.length === 1 && cursor === null ? "run" : "runs"}`;
    setText(this.count, isBare ? "" : active > 0 ? `${shownRuns}, ${active} active` : shownRuns);
    this.sort.show(query.sort);
    this.filters.offerLabels(runs);
    if (runs.length > 0) {
      this.table.draw(runs, query.sort, this.selection.ids, now);
    }
    const shown = isBare ? this.empty : runs.length > 0 ? this.table.element : this.nothingFits();
    if (this.content.firstChild !== shown) {
      this.content.replaceChildren(shown);
    }
  }

  private nothingFits(): HTMLElement {
    const clear = () => this.changeQuery({ name: "", state: "", label: "", dataset: "" });
    const button = h("button", { class: "button", on: { click: clear } }, "Show all runs");
    return h("div", { class: "panel" }, createEmpty("No run fits", "None of the runs fits the search and the filters.", button));
  }
}

function skeleton(): HTMLElement {
  return h(
    "div",
    { class: "panel skeleton-table", attrs: { "aria-label": "Loading the runs" } },
    Array.from({ length: 6 }, () => h("div", { class: "skeleton" })),
  );
}
