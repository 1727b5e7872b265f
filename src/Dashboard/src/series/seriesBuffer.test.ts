import { describe, expect, it } from "vitest";
import { SeriesBuffer, smooth, thin } from "./seriesBuffer";

describe("SeriesBuffer", () => {
  it("keeps x ascending and replaces a repeated x", () => {
    const series = new SeriesBuffer();
    [
      [1, 10],
      [3, 30],
      [2, 20],
      [3, 33],
    ].forEach(([x, y]) => series.put(x!, y!));
    expect(series.x).toEqual([1, 2, 3]);
    expect(series.y).toEqual([10, 20, 33]);
  });

  it("merges a late answer of the service with newer live points", () => {
    const series = new SeriesBuffer();
    series.put(5, 50);
    series.put(6, 60);
    series.putAll([
      { x: 2, y: 20 },
      { x: 1, y: 10 },
      { x: 5, y: 50 },
    ]);
    expect(series.x).toEqual([1, 2, 5, 6]);
    expect(series.lastY).toBe(60);
  });

  it("stays bounded and keeps the extremes, the first and the last point", () => {
    const series = new SeriesBuffer(100);
    for (let x = 1; x <= 5000; x++) {
      series.put(x, x === 2500 ? 1000 : Math.sin(x));
    }
    expect(series.length).toBeLessThanOrEqual(100);
    expect(series.x[0]).toBe(1);
    expect(series.x[series.length - 1]).toBe(5000);
    expect(Math.max(...series.y)).toBe(1000);
    expect([...series.x].sort((a, b) => a - b)).toEqual(series.x);
  });
});

describe("thin", () => {
  it("leaves a short curve as it is", () =>
    expect(thin([1, 2, 3], [3, 2, 1], 10)).toEqual([
      [1, 2, 3],
      [3, 2, 1],
    ]));

  it("never gives more points than asked, nor an x twice", () => {
    for (const count of [5, 17, 100, 1001]) {
      const xs = Array.from({ length: count }, (_, index) => index);
      const [kept] = thin(
        xs,
        xs.map(x => (x * 7919) % 101),
        16,
      );
      expect(kept.length).toBeLessThanOrEqual(16);
      expect(new Set(kept).size).toBe(kept.length);
    }
  });
});

describe("smooth", () => {
  it("starts at the first value and leaves a constant alone", () => {
    expect(smooth([4, 4, 4], 0.9).map(y => Math.round(y * 1e9) / 1e9)).toEqual([4, 4, 4]);
    expect(smooth([1, 3], 0.5)[1]).toBeCloseTo(7 / 3);
  });
});
