import type { Fault } from "../api/apiError";

/** The part of JSON Schema (2020-12) that the service's schema of a spec uses. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  enum?: unknown[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  format?: string;
  default?: unknown;
  description?: string;
}

const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const longestValue = 100;

/** Checks values against a schema and says of each fault where it is, what was given, and what is allowed. */
export class SpecSchema {
  constructor(private readonly root: Schema) {}

  check(value: unknown): Fault[] {
    const faults: Fault[] = [];
    this.visit(this.root, value, "$", faults);
    return faults;
  }

  /** The schema of a property, by a path such as "training.epochs"; null when there is none. */
  at(path: string): Schema | null {
    let schema: Schema | null = this.resolve(this.root);
    for (const name of path.split(".")) {
      const property: Schema | undefined = schema.properties?.[name];
      if (!property) {
        return null;
      }
      // What stands beside a reference, its description and default, is of the property.
      schema = { ...this.resolve(property), ...withoutReference(property) };
    }
    return schema;
  }

  /** In words: what would be accepted. */
  allowed(schema: Schema): string {
    const resolved = this.resolve(schema);
    if (resolved.enum) {
      return resolved.enum.map(String).join(", ");
    }
    const types = typesOf(resolved);
    const kind = types.find(type => type !== "null") ?? "null";
    const words = kind === "integer" || kind === "number" ? numberWords(resolved, kind) : wordsFor(resolved, kind);
    return types.includes("null") && kind !== "null" ? `${words}, or null` : words;
  }

  private resolve(schema: Schema): Schema {
    if (schema.$ref) {
      const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
      return this.resolve(this.root.$defs?.[name] ?? {});
    }
    const choice = schema.oneOf?.find(each => each.type !== "null");
    return choice ? this.resolve(choice) : schema;
  }

  private visit(schema: Schema, value: unknown, path: string, faults: Fault[]): void {
    if (value === null && (schema.oneOf?.some(each => each.type === "null") || typesOf(this.resolve(schema)).includes("null"))) {
      return;
    }
    const resolved = this.resolve(schema);
    if (!fits(resolved, value)) {
      faults.push({ path, value: show(value), allowed: this.allowed(resolved) });
    } else if (Array.isArray(value)) {
      value.forEach((item, index) => resolved.items && this.visit(resolved.items, item, `${path}[${index}]`, faults));
    } else if (isObject(value)) {
      this.visitObject(resolved, value, path, faults);
    }
  }

  private visitObject(schema: Schema, value: Record<string, unknown>, path: string, faults: Fault[]): void {
    for (const [name, item] of Object.entries(value)) {
      const property = schema.properties?.[name] ?? schema.additionalProperties;
      if (isObject(property)) {
        this.visit(property, item, `${path}.${name}`, faults);
      } else if (property === false) {
        const known = Object.keys(schema.properties ?? {}).join(", ");
        faults.push({ path: `${path}.${name}`, value: "not a known property", allowed: known });
      }
    }
    for (const name of schema.required ?? []) {
      if (!(name in value)) {
        faults.push({ path: `${path}.${name}`, value: "missing", allowed: this.allowed(schema.properties?.[name] ?? {}) });
      }
    }
  }
}

function fits(schema: Schema, value: unknown): boolean {
  if (schema.enum) {
    return schema.enum.includes(value);
  }
  return (schema.type === undefined || typesOf(schema).some(type => isOfType(type, value))) && isInRange(schema, value);
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "integer":
      // Larger ones would not be sent as they were typed.
      return Number.isSafeInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "null":
      return value === null;
    default:
      return typeof value === type;
  }
}

function isInRange(schema: Schema, value: unknown): boolean {
  if (typeof value === "number") {
    const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = schema;
    return (
      (minimum === undefined || value >= minimum) &&
      (maximum === undefined || value <= maximum) &&
      (above === undefined || value > above) &&
      (below === undefined || value < below)
    );
  }
  if (typeof value === "string") {
    const isLong = schema.maxLength !== undefined && value.length > schema.maxLength;
    return !isLong && value.length >= (schema.minLength ?? 0) && (schema.format !== "uuid" || idForm.test(value));
  }
  return !Array.isArray(value) || (value.length >= (schema.minItems ?? 0) && value.length <= (schema.maxItems ?? Infinity));
}

function numberWords(schema: Schema, kind: string): string {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  const noun = kind === "integer" ? "a whole number" : "a number";
  if (minimum !== undefined && maximum !== undefined) {
    return `${noun} from ${minimum} to ${maximum}`;
  }
  const low = minimum !== undefined ? `from ${minimum}` : above !== undefined ? `above ${above}` : "";
  const high = maximum !== undefined ? `up to ${maximum}` : below !== undefined ? `below ${below}` : "";
  return [noun, [low, high].filter(word => word !== "").join(", ")].filter(word => word !== "").join(" ");
}

function wordsFor({ minLength, maxLength, minItems, maxItems, format }: Schema, kind: string): string {
  switch (kind) {
    case "string":
      return format === "uuid" ? "an id" : maxLength === undefined ? "a text" : `a text of ${minLength ?? 0} to ${maxLength} characters`;
    case "array":
      return minItems !== undefined && maxItems !== undefined ? `a list of ${minItems} to ${maxItems}` : "a list";
    case "boolean":
      return "true or false";
    case "object":
      return "an object";
    default:
      return kind;
  }
}

const typesOf = ({ type }: Schema): string[] => (type === undefined ? [] : [type].flat());

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function withoutReference({ description, default: standard }: Schema): Schema {
  return { ...(description !== undefined && { description }), ...(standard !== undefined && { default: standard }) };
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}
