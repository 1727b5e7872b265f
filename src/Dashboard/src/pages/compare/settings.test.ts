import { describe, expect, it } from "vitest";
import type { Run } from "../../api/types";
import { compareSettings, frontier } from "./settings";

const run = (training: Record<string, unknown>, labels: Record<string, string> = {}): Run =>
  ({ spec: { name: "any", training: { network: { layers: [4, 2] }, ...training } }, labels }) as unknown as Run;

describe("compareSettings", () => {
  const rows = compareSettings([run({ seed: 1, dropout: 0.1 }, { team: "a" }), run({ seed: 1, dropout: 0.2, loss: "squaredError" })]);
  const find = (path: string) => rows.find(row => row.path === path)!;
  it("tells what differs", () => expect(find("dropout")).toEqual({ path: "dropout", values: ["0.1", "0.2"], differs: true }));
  it("and what does not", () => expect(find("seed").differs).toBe(false));
  it("knows what only one run has", () => expect(find("loss").values).toEqual([undefined, "squaredError"]));
  it("writes lists in one line", () => expect(find("network.layers").values[0]).toBe("4 – 2"));
  it("takes labels in and leaves names out", () => {
    expect(find("labels.team").differs).toBe(true);
    expect(rows.some(row => row.path === "name")).toBe(false);
  });
});

describe("frontier", () => {
  const point = (nnz: number, accuracy: number) => ({ nnz, accuracy });
  it("keeps whom nobody beats with fewer connections", () =>
    expect(frontier([point(100, 0.9), point(10, 0.8), point(50, 0.7), point(200, 0.85)])).toEqual([point(10, 0.8), point(100, 0.9)]));
  it("takes the better of two of the same size", () => expect(frontier([point(10, 0.8), point(10, 0.9)])).toEqual([point(10, 0.9)]));
});
