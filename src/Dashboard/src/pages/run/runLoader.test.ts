import { describe, expect, it } from "vitest";
import { sampleEpochs } from "./runLoader";

describe("sampleEpochs", () => {
  it.each([
    [0, 24, []], [1, 24, [1]], [3, 24, [1, 2, 3]], [9, 3, [1, 5, 9]],
  ])("of %s epochs, at most %s", (done, count, expected) => expect(sampleEpochs(done, count)).toEqual(expected));

  it("holds the first and the last epoch of a long run, each once", () => {
    const epochs = sampleEpochs(1000, 24);
    expect([epochs[0], epochs.at(-1), new Set(epochs).size]).toEqual([1, 1000, 24]);
  });
});
