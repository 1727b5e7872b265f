import { describe, expect, it } from "vitest";
import { drawnEpochs } from "./drawnEpochs";

describe("drawnEpochs", () => {
  it.each([
    [0, 4, []],
    [1, 4, [1]],
    [4, 4, [1, 2, 3, 4]],
    [5, 4, [1, 3, 5]],
    [9, 4, [1, 5, 9]],
  ])("of %s epochs, at most %s", (done, most, expected) => expect(drawnEpochs(done, most)).toEqual(expected));

  it("stays bounded, and a longer run draws a part of what a shorter one drew", () => {
    for (let done = 1; done < 600; done++) {
      const now = drawnEpochs(done);
      const later = drawnEpochs(done + 1).filter(epoch => epoch <= done);
      expect(now.length).toBeLessThanOrEqual(64);
      expect(later.every(epoch => now.includes(epoch))).toBe(true);
    }
  });
});
