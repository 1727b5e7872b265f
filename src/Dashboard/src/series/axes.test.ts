import { describe, expect, it } from "vitest";
import { elapsedSeconds, interpolate } from "./axes";

describe("elapsedSeconds", () => {
  it("adds up", () => expect(elapsedSeconds([1, 2, 3], [2, 3, 4])).toEqual([2, 5, 9]));
  it("fills in epochs that were thinned out", () => expect(elapsedSeconds([1, 4], [2, 3])).toEqual([2, 11]));
});

describe("interpolate", () => {
  it.each([
    [0, 0],
    [5, 1],
    [10, 2],
    [15, 5],
    [20, 8],
    [30, 14],
  ])("at %d gives %d", (x, y) => expect(interpolate([10, 20], [2, 8], x)).toBe(y));
  it("is 0 where nothing is known", () => expect(interpolate([], [], 3)).toBe(0));
});
