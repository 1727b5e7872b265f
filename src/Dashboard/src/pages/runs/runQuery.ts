import type { Run, RunState } from "../../api/types";
import { isActive } from "../../ui/stateChip";
import { durationSeconds } from "../run/timing";

/** What the list shows and in which order; as text in the address, so that a reload or a link shows the same. */
export interface RunQuery {
  /** Part of the name. */
  name: string;
  /** One state, "active" for those that are not finished, or "" for all. */
  state: string;
  /** key=value, or "" for all. */
  label: string;
  /** Id, or "" for all. */
  dataset: string;
  /** A column's key, with - in front from the largest down. */
  sort: string;
}

export const newestFirst = "-createdAt";
const activeStates: RunState[] = ["queued", "starting", "running", "pausing", "stopping"];
const stateOrder: RunState[] = ["running", "starting", "queued", "pausing", "stopping", "paused", "failed", "cancelled", "succeeded"];
const filters = ["name", "state", "label", "dataset"] as const;

const values: Record<string, (run: Run, now: number) => number | string | null | undefined> = {
  createdAt: run => run.createdAt,
  name: run => run.name ?? "",
  state: run => stateOrder.indexOf(run.state),
  progress: run => (run.epochsTotal > 0 ? run.epochsDone / run.epochsTotal : 0),
  loss: run => run.loss,
  testAccuracy: run => run.testAccuracy,
  density: run => run.density,
  nnz: run => run.nnz,
  duration: (run, now) => durationSeconds(run, now),
};

export function parseRunQuery(query: URLSearchParams): RunQuery {
  const sort = query.get("sort") ?? newestFirst;
  const text = (name: string) => query.get(name) ?? "";
  return {
    name: text("name"),
    state: text("state"),
    label: text("label"),
    dataset: text("dataset"),
    sort: sort.replace(/^-/, "") in values ? sort : newestFirst,
  };
}

export const isFiltered = (query: RunQuery): boolean => filters.some(filter => query[filter] !== "");

/** What differs from the whole list, newest first. */
export function toAddress(query: RunQuery): string {
  const parts = new URLSearchParams();
  filters.forEach(filter => query[filter] !== "" && parts.set(filter, query[filter]));
  if (query.sort !== newestFirst) {
    parts.set("sort", query.sort);
  }
  return parts.size === 0 ? "#/runs" : `#/runs?${parts.toString()}`;
}

/** As the API wants it. */
export function toApi(query: RunQuery): URLSearchParams {
  const parts = new URLSearchParams();
  filters.forEach(filter => query[filter] !== "" && parts.set(filter, query[filter]));
  if (query.state === "active") {
    parts.set("state", activeStates.join(","));
  }
  if (query.sort !== newestFirst) {
    parts.set("sort", query.sort);
  }
  return parts;
}

/** Whether a run that came live belongs to the list; the same rules as the service's. */
export function matches(run: Run, query: RunQuery): boolean {
  const split = query.label.indexOf("=");
  return (
    (query.name === "" || (run.name ?? "").toLowerCase().includes(query.name.toLowerCase())) &&
    (query.state === "" || (query.state === "active" ? isActive(run.state) : run.state === query.state)) &&
    (split <= 0 || run.labels?.[query.label.slice(0, split)] === query.label.slice(split + 1)) &&
    (query.dataset === "" || run.datasetId === query.dataset)
  );
}

/** Order of two runs; one without the number comes last, whichever the direction. */
export function compareRuns(a: Run, b: Run, sort: string, now: number): number {
  const direction = sort.startsWith("-") ? -1 : 1;
  const value = values[sort.replace(/^-/, "")]!;
  const [left, right] = [value(a, now) ?? null, value(b, now) ?? null];
  if (left === right) {
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  }
  return left === null ? 1 : right === null ? -1 : left < right ? -direction : direction;
}
