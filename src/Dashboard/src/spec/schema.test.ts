import { describe, expect, it } from "vitest";
import { SpecSchema } from "./schema";

const schema = new SpecSchema({
  $ref: "#/$defs/Spec",
  $defs: {
    Spec: {
      type: "object",
      required: ["training"],
      additionalProperties: false,
      properties: {
        name: { type: ["null", "string"], minLength: 1, maxLength: 5 },
        id: { type: "string", format: "uuid" },
        labels: { type: "object", additionalProperties: { type: "string" } },
        training: { $ref: "#/$defs/Training", description: "how" },
      },
    },
    Training: {
      type: "object",
      additionalProperties: false,
      properties: {
        epochs: { type: "integer", minimum: 1, maximum: 9, default: 3 },
        share: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 },
        kind: { $ref: "#/$defs/Kind", default: "a" },
        layers: { type: "array", items: { type: "integer", minimum: 1 }, minItems: 2, maxItems: 3 },
        evolution: { oneOf: [{ type: "null" }, { $ref: "#/$defs/Evolution" }] },
      },
    },
    Kind: { enum: ["a", "b"], type: "string" },
    Evolution: { type: "object", additionalProperties: false, properties: { drop: { type: "number" } } },
  },
});

describe("SpecSchema", () => {
  it.each([
    { training: {} },
    { name: null, training: { epochs: 9, share: 0.5, kind: "b", layers: [1, 2], evolution: null } },
    { labels: { team: "vision" }, id: "0198f3a2-1111-7abc-8def-0123456789ab", training: { evolution: { drop: 1 } } },
  ])("accepts %j", spec => expect(schema.check(spec)).toEqual([]));

  it.each([
    [{}, "$.training", "missing", "an object"],
    [[], "$", "[]", "an object"],
    [{ training: { epochs: 0 } }, "$.training.epochs", "0", "a whole number from 1 to 9"],
    [{ training: { epochs: 1.5 } }, "$.training.epochs", "1.5", "a whole number from 1 to 9"],
    [{ training: { epochs: "many" } }, "$.training.epochs", '"many"', "a whole number from 1 to 9"],
    [{ training: { epochs: null } }, "$.training.epochs", "null", "a whole number from 1 to 9"],
    [{ training: { share: 1 } }, "$.training.share", "1", "a number above 0, below 1"],
    [{ training: { kind: "c" } }, "$.training.kind", '"c"', "a, b"],
    [{ training: { layers: [1] } }, "$.training.layers", "[1]", "a list of 2 to 3"],
    [{ training: { layers: [1, 0] } }, "$.training.layers[1]", "0", "a whole number from 1"],
    [{ training: { extra: 1 } }, "$.training.extra", "not a known property", "epochs, share, kind, layers, evolution"],
    [{ training: { evolution: { drop: "x" } } }, "$.training.evolution.drop", '"x"', "a number"],
    [{ name: "longer", training: {} }, "$.name", '"longer"', "a text of 1 to 5 characters, or null"],
    [{ id: "7", training: {} }, "$.id", '"7"', "an id"],
    [{ labels: { team: 7 }, training: {} }, "$.labels.team", "7", "a text"],
  ])("says of %j where and why", (spec, path, value, allowed) => expect(schema.check(spec)).toEqual([{ path, value, allowed }]));

  it("finds the schema of a property with its default", () => {
    expect(schema.at("training.kind")).toMatchObject({ enum: ["a", "b"], default: "a" });
    expect(schema.at("training.evolution.drop")).toMatchObject({ type: "number" });
    expect(schema.at("training.nothing")).toBeNull();
  });
});
