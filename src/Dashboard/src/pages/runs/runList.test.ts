import { describe, expect, it } from "vitest";
import type { Run, RunState } from "../../api/types";
import { RunList } from "./runList";
import { compareRuns, matches, parseRunQuery, toAddress, toApi, type RunQuery } from "./runQuery";

const all: RunQuery = { name: "", state: "", label: "", dataset: "", sort: "-createdAt" };
const run = (id: string, more: Partial<Run> = {}): Run => ({
  id,
  name: `run ${id}`,
  labels: { team: "vision" },
  spec: { training: { network: { layers: [2, 1] } } },
  datasetId: "d",
  state: "running" as RunState,
  epochsTotal: 10,
  epochsDone: 1,
  lastEventSeq: 5,
  createdAt: `2026-01-0${id}T00:00:00Z`,
  ...more,
});
const ids = (list: RunList) => list.sorted(0).map(({ id }) => id);

describe("RunList", () => {
  it("keeps a newer row against an older reading", () => {
    const list = new RunList(all);
    list.replace({ items: [run("1")] });
    list.apply([run("1", { epochsDone: 4, lastEventSeq: 9 })], []);
    list.add({ items: [run("1", { epochsDone: 2, lastEventSeq: 6 })] });
    expect(list.get("1")!.epochsDone).toBe(4);
  });

  it("takes in new runs at their place and lets deleted ones go", () => {
    const list = new RunList(all);
    list.replace({ items: [run("2"), run("1")] });
    list.apply([run("3")], ["1"]);
    expect(ids(list)).toEqual(["3", "2"]);
  });

  it("leaves a run that lies behind the last page read to its page", () => {
    const list = new RunList(all);
    list.replace({ items: [run("5"), run("4")], nextCursor: "more" });
    list.apply([run("2"), run("6")], []);
    expect(ids(list)).toEqual(["6", "5", "4"]);
  });

  it("drops a run that fits the filter no more", () => {
    const list = new RunList({ ...all, state: "active" });
    list.replace({ items: [run("1")] });
    list.apply([run("1", { state: "succeeded" })], []);
    expect(list.size).toBe(0);
  });
});

describe("RunQuery", () => {
  it.each(["#/runs", "#/runs?name=a&state=active&label=team%3Dvision&dataset=d&sort=-loss"])("comes back from %s", address =>
    expect(toAddress(parseRunQuery(new URLSearchParams(address.split("?")[1] ?? "")))).toBe(address),
  );
  it("does not take an order that there is not", () => expect(parseRunQuery(new URLSearchParams("sort=x")).sort).toBe("-createdAt"));
  it("names the states that are active", () => expect(toApi({ ...all, state: "active" }).get("state")).toContain("running,"));
  it("finds by part of the name, whatever its case", () => expect(matches(run("1"), { ...all, name: "RUN" })).toBe(true));
  it.each([
    ["team=vision", true],
    ["team=sound", false],
    ["owner=vision", false],
  ])("finds by label %s", (label, fits) => expect(matches(run("1"), { ...all, label })).toBe(fits));
  it("puts runs without the number last in both directions", () => {
    const [some, none] = [run("1", { loss: 1 }), run("2")];
    expect(compareRuns(some, none, "loss", 0)).toBeLessThan(0);
    expect(compareRuns(some, none, "-loss", 0)).toBeLessThan(0);
  });
});
