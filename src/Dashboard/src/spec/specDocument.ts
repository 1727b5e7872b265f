import { formatJson } from "./jsonText";

/** A spec as it is being written: any JSON object. */
export type Draft = Record<string, unknown>;

export type Origin = "form" | "text" | "load";

/**
 * A spec that is edited in two places at once, as text and as fields. Text that is no JSON object is kept as it is, and the fields go on
 * showing the last one that was.
 */
export class SpecDocument {
  private current: Draft = {};
  private currentText = "";
  private fault: string | null = null;
  private readonly listeners = new Set<(origin: Origin) => void>();

  /** The last valid draft. */
  get draft(): Draft {
    return this.current;
  }

  get text(): string {
    return this.currentText;
  }

  /** Why the text is no draft; null when it is one. */
  get textFault(): string | null {
    return this.fault;
  }

  onChange(listener: (origin: Origin) => void): void {
    this.listeners.add(listener);
  }

  load(draft: Draft): void {
    this.replace(draft);
    this.tell("load");
  }

  setText(text: string): void {
    this.currentText = text;
    try {
      const value: unknown = JSON.parse(text);
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      this.fault = isObject ? null : "A spec is a JSON object: { … }.";
      this.current = isObject ? (value as Draft) : this.current;
    } catch (error) {
      this.fault = explain(error, text);
    }
    this.tell("text");
  }

  get(path: string): unknown {
    return path.split(".").reduce<unknown>((node, name) => (isRecord(node) ? node[name] : undefined), this.current);
  }

  /** Sets a field; undefined takes it out, so that the default holds. The text becomes that of the fields. */
  set(path: string, value: unknown): void {
    this.setAll([[path, value]]);
  }

  setAll(changes: readonly (readonly [path: string, value: unknown])[]): void {
    const draft = structuredClone(this.current);
    changes.forEach(([path, value]) => put(draft, path.split("."), value));
    this.replace(draft);
    this.tell("form");
  }

  private replace(draft: Draft): void {
    this.current = draft;
    this.currentText = formatJson(draft);
    this.fault = null;
  }

  private tell(origin: Origin): void {
    this.listeners.forEach(listener => listener(origin));
  }
}

const isRecord = (value: unknown): value is Draft => typeof value === "object" && value !== null && !Array.isArray(value);

function put(node: Draft, path: string[], value: unknown): void {
  const [name, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    if (value === undefined) {
      delete node[name];
    } else {
      node[name] = value;
    }
    return;
  }
  if (!isRecord(node[name])) {
    if (value === undefined) {
      return;
    }
    node[name] = {};
  }
  put(node[name] as Draft, rest, value);
}

/** Where the text stops being JSON, in words that do not depend on the browser. */
function explain(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const at = /position (\d+)/.exec(message)?.[1];
  if (at !== undefined && Number(at) < text.length) {
    const lines = text.slice(0, Number(at)).split("\n");
    return `This is no JSON at line ${lines.length}, character ${lines.at(-1)!.length + 1}.`;
  }
  const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? [];
  if (line !== undefined) {
    return `This is no JSON at line ${line}, character ${column}.`;
  }
  if (text.trim() === "") {
    return "Nothing is here yet.";
  }
  return /token/.test(message) ? `This is no JSON: ${message}.` : "This is no JSON: it ends too early, or something in it is not closed.";
}
