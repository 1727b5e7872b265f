/** JSON for people: two spaces, and lists of plain values in one line. */
export function formatJson(value: unknown, indent = ""): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return value.every(item => typeof item !== "object" || item === null) || isPairs(value)
      ? `[${value.map(item => formatJson(item)).join(", ")}]`
      : block("[", "]", value.map(item => formatJson(item, inner)), indent);
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return block("{", "}", entries.map(([name, item]) => `${JSON.stringify(name)}: ${formatJson(item, inner)}`), indent);
  }
  return JSON.stringify(value) ?? "null";
}

/** An edge list: pairs of numbers. */
const isPairs = (value: unknown[]): boolean =>
  value.every(item => Array.isArray(item) && item.length === 2 && item.every(Number.isInteger));

function block(open: string, close: string, items: string[], indent: string): string {
  return items.length === 0 ? open + close : `${open}\n${items.map(item => `${indent}  ${item}`).join(",\n")}\n${indent}${close}`;
}
