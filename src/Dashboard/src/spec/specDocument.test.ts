import { describe, expect, it } from "vitest";
import { formatJson } from "./jsonText";
import { SpecDocument } from "./specDocument";

function open(draft: Record<string, unknown>): SpecDocument {
  const document = new SpecDocument();
  document.load(draft);
  return document;
}

describe("SpecDocument", () => {
  it("writes a field into the text, and text into the fields", () => {
    const document = open({ training: { epochs: 3, network: { layers: [4, 2] } } });
    document.set("training.epochs", 5);
    expect(JSON.parse(document.text)).toEqual({ training: { epochs: 5, network: { layers: [4, 2] } } });
    document.setText('{"training": {"epochs": 7}}');
    expect(document.get("training.epochs")).toBe(7);
  });

  it("keeps the fields and the text while the text is no JSON", () => {
    const document = open({ training: { epochs: 3 } });
    document.setText('{\n  "training": {,');
    expect(document.get("training.epochs")).toBe(3);
    expect(document.text).toBe('{\n  "training": {,');
    expect(document.textFault).toBe("This is no JSON at line 2, character 16.");
    document.set("training.epochs", 4);
    expect(document.textFault).toBeNull();
    expect(JSON.parse(document.text)).toEqual({ training: { epochs: 4 } });
  });

  it.each(["", "[]", "7", "null", '{"a"'])("takes %j for no draft", text => {
    const document = open({ name: "n" });
    document.setText(text);
    expect(document.textFault).not.toBeNull();
    expect(document.draft).toEqual({ name: "n" });
  });

  it("takes out what was emptied, and keeps a null that means none", () => {
    const document = open({ training: { optimizer: { momentum: 0.5 }, evolution: null } });
    document.set("training.optimizer.momentum", undefined);
    expect(document.draft).toEqual({ training: { optimizer: {}, evolution: null } });
    document.set("training.evolution.dropFraction", 0.2);
    expect(document.draft).toEqual({ training: { optimizer: {}, evolution: { dropFraction: 0.2 } } });
    document.set("a.b.c", undefined);
    expect(document.draft).toEqual({ training: { optimizer: {}, evolution: { dropFraction: 0.2 } } });
  });
});

describe("formatJson", () => {
  it("keeps lists of numbers in a line", () =>
    expect(formatJson({ layers: [784, 10], edges: [[[0, 1], [1, 1]]], none: null, empty: {} })).toBe(
      '{\n  "layers": [784, 10],\n  "edges": [\n    [[0, 1], [1, 1]]\n  ],\n  "none": null,\n  "empty": {}\n}',
    ));
});
