import { describe, expect, it } from "vitest";
import { Sequencer } from "./sequencer";

const seqs = (events: { seq: number }[]) => events.map(event => event.seq);
const acceptAll = (sequencer: Sequencer<{ seq: number }>, incoming: number[]) =>
  incoming.flatMap(seq => seqs(sequencer.accept({ seq })));

describe("Sequencer", () => {
  it("passes events in order at once", () => expect(acceptAll(new Sequencer(0), [1, 2, 3])).toEqual([1, 2, 3]));

  it("drops repeats, also after a reconnect that replays too much", () =>
    expect(acceptAll(new Sequencer(2), [1, 2, 3, 3, 2, 4])).toEqual([3, 4]));

  it("holds events beyond a gap until it is filled", () => {
    const sequencer = new Sequencer<{ seq: number }>(5);
    expect(acceptAll(sequencer, [7, 8])).toEqual([]);
    expect(sequencer.hasGap).toBe(true);
    expect(acceptAll(sequencer, [6])).toEqual([6, 7, 8]);
    expect(sequencer.hasGap).toBe(false);
    expect(sequencer.lastSeq).toBe(8);
  });

  it("forgets held events beyond its limit and still ends complete", () => {
    const sequencer = new Sequencer<{ seq: number }>(0, 3);
    expect(acceptAll(sequencer, [2, 3, 4, 5, 6])).toEqual([]);
    expect(sequencer.hasGap).toBe(true);
    expect(acceptAll(sequencer, [1, 2, 3, 4, 5, 6])).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("gives each event once and in order, whatever the order of arrival", () => {
    let state = 12345;
    const next = (below: number) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
    for (let round = 0; round < 50; round++) {
      const arrivals = Array.from({ length: 40 }, (_, index) => index + 1).flatMap(seq => (next(3) === 0 ? [seq, seq] : [seq]));
      for (let i = arrivals.length - 1; i > 0; i--) {
        const j = next(i + 1);
        [arrivals[i], arrivals[j]] = [arrivals[j]!, arrivals[i]!];
      }
      expect(acceptAll(new Sequencer(0), arrivals)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    }
  });
});
