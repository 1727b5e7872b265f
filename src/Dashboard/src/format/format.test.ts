import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatInteger,
  formatLoss,
  formatNumber,
  formatPercent,
  formatTime,
} from "./format";

describe("formatCount", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [9_999, "9\u202f999"],
    [10_000, "10.0 k"],
    [123_456, "123 k"],
    [999_949, "1.00 M"],
    [1_234_567, "1.23 M"],
    [12_345_678, "12.3 M"],
    [2.5e9, "2.50 G"],
    [null, "–"],
    [Number.NaN, "–"],
  ])("%s becomes %s", (value, text) => expect(formatCount(value)).toBe(text));
});

describe("formatInteger", () => {
  it("groups thousands", () => expect(formatInteger(1_234_567)).toBe("1\u202f234\u202f567"));
});

describe("formatBytes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.00 kB"],
    [999_600, "1.00 MB"],
    [136e6, "136 MB"],
    [undefined, "–"],
  ])("%s becomes %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe("formatDuration", () => {
  it.each([
    [0.25, "250 ms"],
    [3.14, "3.1 s"],
    [9.96, "10 s"],
    [59.4, "59 s"],
    [59.6, "1 m 00 s"],
    [200, "3 m 20 s"],
    [3599.7, "1 h 00 m"],
    [5400, "1 h 30 m"],
    [90_000, "1 d 01 h"],
    [-1, "–"],
    [null, "–"],
  ])("%s s becomes %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe("other numbers", () => {
  it("keeps small shares visible", () => {
    expect(formatPercent(0.87654)).toBe("87.65 %");
    expect(formatPercent(0.00042)).toBe("0.042 %");
    expect(formatPercent(0)).toBe("0.00 %");
  });
  it("shows losses of any size", () => {
    expect(formatLoss(0.31415926)).toBe("0.3142");
    expect(formatLoss(123.456)).toBe("123.5");
    expect(formatLoss(0.00001)).toBe("1.00e-5");
  });
  it("drops zeros that say nothing", () => {
    expect(formatNumber(0.5)).toBe("0.5");
    expect(formatNumber(12.34567)).toBe("12.35");
  });
});

describe("formatTime", () => {
  const now = new Date(2026, 10, 20, 12, 0, 0);
  it("leaves out today's date", () => expect(formatTime(new Date(2026, 10, 20, 9, 5, 1).toISOString(), now)).toBe("09:05:01"));
  it("shows other dates", () =>
    expect(formatTime(new Date(2026, 10, 19, 9, 5, 1).toISOString(), now)).toBe("2026-11-19 09:05:01"));
});
