import type { Page, Run } from "../../api/types";
import { compareRuns, matches, type RunQuery } from "./runQuery";

const mostRows = 2000;

/** The rows that the page shows: what was read, kept up to date by what comes live. Bounded; knows no HTML. */
export class RunList {
  private readonly rows = new Map<string, Run>();
  /** Where the service's list goes on; null when everything is here. */
  cursor: string | null = null;

  constructor(readonly query: RunQuery) {}

  get size(): number {
    return this.rows.size;
  }

  get(id: string): Run | undefined {
    return this.rows.get(id);
  }

  /** The beginning of the list, anew. */
  replace(page: Page<Run>): void {
    this.rows.clear();
    this.add(page);
  }

  /** The next page. */
  add(page: Page<Run>): void {
    page.items.forEach(run => this.put(run));
    this.cursor = page.nextCursor ?? null;
  }

  /** Rows that changed. One that lies behind the rows that were read waits for its page. */
  apply(runs: Run[], deleted: string[]): void {
    deleted.forEach(id => this.rows.delete(id));
    const last = this.cursor === null ? undefined : this.sorted(Date.now()).at(-1);
    for (const run of runs) {
      if (!matches(run, this.query)) {
        this.rows.delete(run.id);
      } else if (this.rows.has(run.id) || !last || compareRuns(run, last, this.query.sort, Date.now()) < 0) {
        this.put(run);
      }
    }
  }

  sorted(now: number): Run[] {
    return [...this.rows.values()].sort((a, b) => compareRuns(a, b, this.query.sort, now));
  }

  /** What was read may be older than what came live meanwhile. */
  private put(run: Run): void {
    const known = this.rows.get(run.id);
    if (known ? run.lastEventSeq >= known.lastEventSeq : this.rows.size < mostRows) {
      this.rows.set(run.id, run);
    }
  }
}
