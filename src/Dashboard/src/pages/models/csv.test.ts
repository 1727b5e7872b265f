import { describe, expect, it } from "vitest";
import { formatCsv, parseCsv, parseRow } from "./csv";

describe("parseRow", () => {
  it("takes commas, blanks and lines", () => expect(parseRow(" 1, 2.5;\n-3e2 ", 3)).toEqual({ values: [1, 2.5, -300], faults: "" }));
  it("names what is no number", () => expect(parseRow("1, x", 2).faults).toBe("Value 2 is “x”; allowed: a number."));
  it("counts", () => expect(parseRow("1, 2", 3).faults).toContain("2 values; the model takes 3"));
});

describe("parseCsv", () => {
  it("reads rows", () =>
    expect(parseCsv("1,2\n3,4\n", 2)).toMatchObject({ count: 2, labels: null, values: new Float32Array([1, 2, 3, 4]) }));
  it("passes over a heading", () => expect(parseCsv("a,b\r\n1,2\r\n", 2).count).toBe(1));
  it("takes one more column for labels", () => expect(parseCsv('1;2;"no; really"\n3;4;yes', 2).labels).toEqual(["no; really", "yes"]));
  it("keeps a first row whose label is a word", () => expect(parseCsv("1,2,cat\n3,4,dog", 2).count).toBe(2));
  it.each([
    ["", "no rows"],
    ["1,2,3,4", "Line 1 has 4 columns"],
    ["1,2\n3", "Line 2 has 1 columns"],
    ["1,2\n3,z", "Line 2, column 2 is “z”"],
    ["1,2\n3,", "Line 2, column 2 is “”"],
  ])("refuses %j in words", (text, words) => expect(() => parseCsv(text, 2)).toThrow(words));
});

describe("formatCsv", () => {
  it("quotes what needs it and disarms formulas", () =>
    expect(formatCsv([['say "hi"', "-1.5", "=1+1", "a,b"]])).toBe('"say ""hi""",-1.5,\'=1+1,"a,b"\r\n'));
});
