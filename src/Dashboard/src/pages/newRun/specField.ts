import type { Fault } from "../../api/apiError";
import type { Schema, SpecSchema } from "../../spec/schema";
import type { SpecDocument } from "../../spec/specDocument";
import { h, setText } from "../../ui/dom";
import type { FieldPlace } from "./fields";

export interface SpecField {
  element: HTMLElement;
  /** Shows what the spec holds; leaves alone what is being typed. */
  refresh(): void;
  /** Shows what is wrong here, and returns that. */
  showFaults(faults: readonly Fault[]): Fault[];
}

/** One place of the spec as a control of the kind that its schema asks for. */
export function createSpecField(place: FieldPlace, schema: SpecSchema, spec: SpecDocument): SpecField {
  const described = schema.at(place.path) ?? {};
  const id = `spec-${place.path.replaceAll(".", "-")}`;
  const binding = bindingOf(place.path, described, spec);
  const { control } = binding;
  control.id = id;
  control.setAttribute("aria-describedby", `${id}-error ${id}-hint`);
  const error = h("span", { class: "field-fault", id: `${id}-error` });
  // Types of the service's own source stand in its comments with their full names.
  const meaning = (described.description ?? "").replace(/\b(?:\w+\.){2,}(\w+)/g, "$1");
  const hint = h("span", { class: "hint explanation", id: `${id}-hint` }, meaning);
  const element = h("div", { class: "field", title: meaning }, h("label", { attrs: { for: id } }, place.label), control, error, hint);
  const refresh = () => {
    element.hidden = place.when !== undefined && !place.when(spec);
    if (document.activeElement !== control) {
      binding.refresh();
    }
  };
  control.addEventListener("blur", () => spec.textFault === null && binding.refresh());
  const prefix = `$.${place.path}`;
  return {
    element,
    refresh,
    showFaults(faults) {
      const mine = element.hidden ? [] : faults.filter(({ path }) => path === prefix || path.startsWith(`${prefix}[`));
      setText(error, mine.map(fault => describe(fault, prefix)).join(" "));
      if (mine.length > 0) {
        control.setAttribute("aria-invalid", "true");
      } else {
        control.removeAttribute("aria-invalid");
      }
      return mine;
    },
  };
}

/** "0 is not allowed here …" in the words of the service: the value, and what it could be. */
export function describe({ path, value, allowed }: Fault, prefix: string): string {
  const where = path === prefix ? "" : `${path.slice(path.lastIndexOf("[") === -1 ? 2 : path.lastIndexOf("["))} `;
  return value === "missing" || value === "(missing)"
    ? `Missing; allowed: ${allowed}.`
    : `${where}${value} is not allowed; allowed: ${allowed}.`;
}

interface Binding {
  control: HTMLInputElement | HTMLSelectElement;
  refresh(): void;
}

function bindingOf(path: string, schema: Schema, spec: SpecDocument): Binding {
  const kind = [schema.type ?? []].flat().find(type => type !== "null");
  if (kind === "object") {
    return switchOf(path, spec);
  }
  if (schema.enum) {
    return choiceOf(path, spec, schema.enum.map(String).map(value => ({ value, text: words(value), stored: value })), schema.default);
  }
  if (kind === "boolean") {
    const options = [true, false].map(stored => ({ value: String(stored), text: stored ? "yes" : "no", stored }));
    return choiceOf(path, spec, options, schema.default ?? false);
  }
  return kind === "array" ? textOf(path, spec, "", listText, parseList) : textOf(path, spec, standardOf(schema), plainText, parserOf(kind));
}

const standardOf = (schema: Schema): string => (schema.default === undefined ? "none" : String(schema.default));

/** What the parts of training that may be absent are called, and what they begin with. */
const switches: Record<string, { on: string; off: string; begin: Record<string, unknown>; isOnByDefault?: true }> = {
  "training.evolution": {
    on: "SET: connections drop and grow",
    off: "none: the topology is fixed",
    begin: { kind: "set" },
    isOnByDefault: true,
  },
  "training.pruning": { on: "neurons of little importance go", off: "none", begin: {} },
  "training.parallel": { on: "several on one network", off: "one", begin: { method: "wasap", workers: 2 } },
};

/** An object that is there or is null: a part of training that is done or not. */
function switchOf(path: string, spec: SpecDocument): Binding {
  const { on, off, begin, isOnByDefault = false } = switches[path]!;
  const options = [
    { value: "on", text: on },
    { value: "off", text: off },
  ];
  const control = h(
    "select",
    {
      class: "input",
      on: { change: () => spec.set(path, control.value === "off" ? null : begin) },
    },
    options.map(({ value, text }) => h("option", { value }, text)),
  );
  return {
    control,
    refresh() {
      const value = spec.get(path);
      control.value = value === null || (value === undefined && !isOnByDefault) ? "off" : "on";
    },
  };
}

function choiceOf(
  path: string,
  spec: SpecDocument,
  options: { value: string; text: string; stored: unknown }[],
  standard: unknown,
): Binding {
  const control = h(
    "select",
    { class: "input", on: { change: () => spec.set(path, options.find(option => option.value === control.value)?.stored) } },
    options.map(({ value, text, stored }) => h("option", { value }, stored === standard ? `${text} (default)` : text)),
  );
  return {
    control,
    refresh() {
      control.value = String(spec.get(path) ?? standard);
    },
  };
}

function textOf(
  path: string,
  spec: SpecDocument,
  placeholder: string,
  write: (value: unknown) => string,
  read: (text: string) => unknown,
): Binding {
  const control = h("input", {
    class: "input",
    type: "text",
    placeholder,
    autocomplete: "off",
    spellcheck: false,
    on: { input: () => spec.set(path, control.value.trim() === "" ? undefined : read(control.value.trim())) },
  });
  return {
    control,
    refresh() {
      const text = write(spec.get(path));
      if (control.value !== text) {
        control.value = text;
      }
    },
  };
}

const plainText = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

const listText = (value: unknown): string => (Array.isArray(value) ? value.map(plainText).join(", ") : plainText(value));

/** What is no number goes into the spec as it was typed, where the schema says what is wrong with it. */
const parseNumber = (text: string): unknown => (text !== "" && Number.isFinite(Number(text)) ? Number(text) : text);

const parserOf = (kind: string | undefined): ((text: string) => unknown) =>
  kind === "number" || kind === "integer" ? parseNumber : text => text;

const parseList = (text: string): unknown =>
  text
    .replace(/^\[|\]$/g, "")
    .split(/[\s,;–-]+/)
    .filter(part => part !== "")
    .map(parseNumber);

/** "erdosRenyiKernel" → "Erdős–Rényi kernel". */
export function words(value: string): string {
  const known: Record<string, string> = {
    erdosRenyi: "Erdős–Rényi",
    erdosRenyiKernel: "Erdős–Rényi kernel",
    edges: "own edges (as JSON)",
    relu: "ReLU",
    leakyRelu: "leaky ReLU",
    allRelu: "All-ReLU",
    sRelu: "SReLU",
    sgd: "SGD",
    heUniform: "He uniform",
    sparseHeUniform: "He uniform by fan-in",
    xavierUniform: "Xavier uniform",
    wasap: "WASAP: asynchronous, then averaged",
    wassp: "WASSP: in step, then averaged",
    partitioned: "partitioned: each owns neurons",
    mpi: "MPI",
  };
  return known[value] ?? value.replace(/([A-Z])/g, letter => ` ${letter.toLowerCase()}`);
}
