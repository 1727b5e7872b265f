import { ApiError } from "../../api/apiError";
import type { Run } from "../../api/types";
import { RunListFeed } from "../../live/runListFeed";
import type { PageContext, PageView } from "../../shell/page";
import { compareLink, isId, replaceAddress, runLink, type Route } from "../../shell/router";
import { h } from "../../ui/dom";
import { createFeedStatus } from "../../ui/feedStatus";
import { createEmpty, createErrorNotice } from "../../ui/notice";
import { mostCompared } from "../runs/selection";
import { nameOf } from "../runs/runRow";
import { createCompareCurves, createFrontier } from "./compareCharts";
import { CompareRun, seriesRead } from "./compareRun";
import { createCompareTable, swatch } from "./compareTable";

const maxPoints = 1000;
const runsOffered = 200;
const refreshPauseMs = 500;

export function openComparePage(context: PageContext, route: Route): PageView {
  const ids = (route.query.get("runs") ?? "").split(",").map(id => id.toLowerCase()).filter(isId);
  const page = new ComparePage(context, [...new Set(ids)].slice(0, mostCompared));
  void page.start();
  return { title: "Compare", element: page.element, dispose: () => page.dispose() };
}

/** Which colour the run at a place has. */
const colorOf = (index: number): string => `--series-${(index % mostCompared) + 1}`;

class ComparePage {
  readonly element: HTMLElement;
  private readonly status = createFeedStatus();
  private readonly chips = h("ul", { class: "chips", attrs: { "aria-label": "Runs that are compared" } });
  private readonly add = h("select", {
    class: "select",
    attrs: { "aria-label": "Add a run" },
    on: { change: () => void this.addChosen() },
  });
  private readonly notice = h("div", {});
  private readonly content = h("div", { class: "grid" });
  private readonly curves = createCompareCurves(colorOf);
  private readonly frontier = createFrontier(colorOf);
  private readonly table = createCompareTable(colorOf);
  private readonly abort = new AbortController();
  private readonly feed: RunListFeed;
  private runs: CompareRun[] = [];
  private offered: Run[] = [];
  private refreshTimer = 0;
  private frame = 0;

  constructor(
    private readonly context: PageContext,
    private readonly wanted: string[],
  ) {
    this.feed = new RunListFeed({
      key: context.key,
      onRuns: (runs, deleted) => this.receive(runs, deleted),
      onReload: () => void this.reload(),
      onStatus: status => this.status.show(status),
    });
    this.element = h(
      "div",
      { class: "page" },
      h("div", { class: "page-head" }, h("h1", {}, "Compare"), this.status.element),
      h("div", { class: "bar" }, this.chips, this.add),
      this.notice,
      this.content,
    );
  }

  async start(): Promise<void> {
    const offers = this.readOffers();
    await Promise.all(this.wanted.map(id => this.addRun(id)));
    this.feed.start();
    await offers;
    this.arrange();
  }

  dispose(): void {
    this.abort.abort();
    this.feed.close();
    window.clearTimeout(this.refreshTimer);
    cancelAnimationFrame(this.frame);
    this.curves.dispose();
    this.frontier.dispose();
  }

  private async addRun(id: string): Promise<void> {
    try {
      const { api } = this.context;
      const [run, metrics] = await Promise.all([
        api.getRun(id, this.abort.signal),
        api.getMetrics(id, seriesRead, maxPoints, this.abort.signal),
      ]);
      const compared = new CompareRun(run);
      compared.addMetrics(metrics);
      this.runs.push(compared);
      // Requests end in any order; the address has the person's.
      this.runs.sort((a, b) => this.wanted.indexOf(a.run.id) - this.wanted.indexOf(b.run.id));
      this.arrange();
    } catch (error) {
      if (!this.abort.signal.aborted && !(error instanceof ApiError && error.isUnauthorized)) {
        this.forget(id);
        const missing = error instanceof ApiError && error.status === 404;
        const title = missing ? `Run ${id.slice(0, 8)} is not there (any more)` : "A run could not be read";
        this.notice.append(createErrorNotice(title, error));
        this.arrange();
      }
    }
  }

  private async addChosen(): Promise<void> {
    const id = this.add.value;
    if (isId(id) && !this.wanted.includes(id) && this.wanted.length < mostCompared) {
      this.wanted.push(id);
      replaceAddress(compareLink(this.wanted));
      await this.addRun(id);
    }
  }

  private remove(id: string): void {
    this.forget(id);
    this.runs = this.runs.filter(({ run }) => run.id !== id);
    replaceAddress(compareLink(this.wanted));
    this.arrange();
  }

  private forget(id: string): void {
    const index = this.wanted.indexOf(id);
    if (index >= 0) {
      this.wanted.splice(index, 1);
    }
  }

  private async readOffers(): Promise<void> {
    try {
      this.offered = (await this.context.api.listRuns(new URLSearchParams(), runsOffered, undefined, this.abort.signal)).items;
      this.showOffers();
    } catch {
      // What is compared says when the service does not answer.
    }
  }

  private receive(runs: Run[], deleted: string[]): void {
    for (const run of runs) {
      this.runs.find(compared => compared.run.id === run.id)?.setRun(run);
      const place = this.offered.findIndex(offered => offered.id === run.id);
      if (place >= 0) {
        this.offered[place] = run;
      } else {
        this.offered = [run, ...this.offered].slice(0, runsOffered);
        this.showOffers();
      }
    }
    this.offered = this.offered.filter(run => !deleted.includes(run.id));
    deleted.filter(id => this.wanted.includes(id)).forEach(id => this.remove(id));
    this.schedule();
    this.wantMetrics();
  }

  /** After a (re)connect: rows as they are now. */
  private async reload(): Promise<void> {
    for (const compared of this.runs) {
      try {
        compared.setRun(await this.context.api.getRun(compared.run.id, this.abort.signal));
      } catch {
        return; // The next connect, or the next message, makes it good.
      }
    }
    this.schedule();
    this.wantMetrics();
  }

  private wantMetrics(): void {
    if (this.refreshTimer === 0) {
      this.refreshTimer = window.setTimeout(() => void this.readMetrics(), refreshPauseMs);
    }
  }

  /** The epochs that came since; one request a run that moved on, one after the other. */
  private async readMetrics(): Promise<void> {
    try {
      for (const compared of this.runs.filter(({ run, readEpoch }) => run.epochsDone > readEpoch)) {
        const { api } = this.context;
        compared.addMetrics(
          await api.getMetrics(compared.run.id, seriesRead, maxPoints, this.abort.signal, compared.readEpoch + 1),
        );
      }
    } catch {
      // The next message tries again.
    }
    this.refreshTimer = 0;
    this.schedule();
  }

  /** After a run came or went. */
  private arrange(): void {
    this.showChips();
    this.showOffers();
    const isEmpty = this.runs.length === 0 && this.wanted.length === 0;
    const parts = isEmpty
      ? [h("div", { class: "panel span-12" }, createEmpty("Nothing to compare yet", emptyWords))]
      : [this.curves.bar, this.curves.element, this.frontier.element, this.table.element];
    if (this.content.firstChild !== parts[0] && (isEmpty || this.runs.length > 0)) {
      this.content.replaceChildren(...parts);
    }
    this.schedule();
  }

  private showChips(): void {
    this.chips.replaceChildren(
      ...this.runs.map(({ run }, index) => {
        const label = `Remove ${nameOf(run)}`;
        const click = () => {
          this.remove(run.id);
          this.add.focus();
        };
        const remove = h("button", { class: "icon-button", attrs: { "aria-label": label }, on: { click } }, "×");
        return h("li", { class: "compare-chip" }, swatch(colorOf(index)), h("a", { href: runLink(run.id) }, nameOf(run)), remove);
      }),
    );
  }

  private showOffers(): void {
    const free = this.offered.filter(run => !this.wanted.includes(run.id));
    const isFull = this.wanted.length >= mostCompared;
    this.add.disabled = isFull || free.length === 0;
    const first = isFull ? `At most ${mostCompared} runs` : free.length === 0 ? "No other runs" : "Add a run…";
    const choices = isFull ? [] : free.map(run => h("option", { value: run.id }, `${nameOf(run)} · ${run.id.slice(-6)}`));
    this.add.replaceChildren(h("option", { value: "" }, first), ...choices);
  }

  private schedule(): void {
    if (this.frame === 0) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        if (this.runs.length > 0) {
          this.curves.draw(this.runs);
          this.frontier.draw(this.runs);
          this.table.draw(this.runs);
        }
      });
    }
  }
}

const emptyWords =
  "Choose runs above, or select some in the list of runs: their curves, results and differing settings stand side by side here.";
