import { describe, expect, it } from "vitest";
import { rangeOf, rebin } from "./timeHeat";

describe("rebin", () => {
  it("keeps bins that are the same", () => expect(rebin({ minimum: 0, maximum: 2, histogram: [3, 4] }, 0, 2, 2)).toEqual([3, 4]));
  it("puts a narrow column where it belongs", () =>
    expect(rebin({ minimum: 1, maximum: 2, histogram: [5] }, 0, 4, 4)).toEqual([0, 5, 0, 0]));
  it("divides a wide bin", () => expect(rebin({ minimum: 0, maximum: 4, histogram: [8] }, 0, 4, 4)).toEqual([2, 2, 2, 2]));
  it("bears that all values are the same", () =>
    expect(rebin({ minimum: 4, maximum: 4, histogram: [7, 0] }, 0, 4, 4)).toEqual([0, 0, 0, 7]));
  it("loses nothing", () => {
    const counts = rebin({ minimum: 0.3, maximum: 7.7, histogram: [1, 5, 9, 2, 0, 3] }, 0, 10, 40);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeCloseTo(20, 9);
  });
});

describe("rangeOf", () => {
  it("spans all columns", () =>
    expect(rangeOf([{ minimum: 1, maximum: 2, histogram: [] }, { minimum: 0, maximum: 1, histogram: [] }])).toEqual([0, 2]));
  it("is never empty", () => expect(rangeOf([])).toEqual([0, 1]));
});
