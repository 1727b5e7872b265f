/** Reads numbers that a person typed. */
export function parseRow(text: string, features: number): { values: number[]; faults: string } {
  const words = text.split(/[\s,;]+/).filter(word => word !== "");
  const values = words.map(Number);
  const wrong = values.findIndex(value => !Number.isFinite(value));
  if (wrong >= 0) {
    return { values: [], faults: `Value ${wrong + 1} is “${words[wrong]!.slice(0, 30)}”; allowed: a number.` };
  }
  return values.length === features
    ? { values, faults: "" }
    : { values: [], faults: `There are ${values.length} values; the model takes ${features}.` };
}

export interface CsvRows {
  /** One row after the other. */
  values: Float32Array<ArrayBuffer>;
  count: number;
  /** The column behind the features, where the file has one. */
  labels: string[] | null;
}

/** A file that cannot be read as rows of this model; the message names line and column. */
export class CsvFault extends Error {}

/**
 * Reads comma, semicolon or tab separated rows: as many columns as the model has features, and perhaps one more with the label.
 * A first line without numbers is a heading.
 */
export function parseCsv(text: string, features: number): CsvRows {
  const lines = text.split(/\r\n|\n|\r/);
  while (lines.at(-1)?.trim() === "") {
    lines.pop();
  }
  const separator = [",", "\t", ";"].find(each => lines[0]?.includes(each)) ?? ",";
  const first = lines.length > 0 && splitLine(lines[0]!, separator).slice(0, features).some(isWord) ? 1 : 0;
  const count = lines.length - first;
  if (count === 0) {
    throw new CsvFault("The file has no rows.");
  }
  const columns = splitLine(lines[first]!, separator).length;
  if (columns !== features && columns !== features + 1) {
    throw new CsvFault(
      `Line ${first + 1} has ${columns} columns; the model takes ${features} features, and one more column may hold the label.`,
    );
  }
  const values = new Float32Array(count * features);
  const labels: string[] | null = columns > features ? [] : null;
  for (let row = 0; row < count; row++) {
    const cells = splitLine(lines[first + row]!, separator);
    if (cells.length !== columns) {
      throw new CsvFault(`Line ${first + row + 1} has ${cells.length} columns; the lines before have ${columns}.`);
    }
    for (let column = 0; column < features; column++) {
      const cell = cells[column]!.trim();
      const value = cell === "" ? NaN : Number(cell);
      if (!Number.isFinite(value)) {
        throw new CsvFault(`Line ${first + row + 1}, column ${column + 1} is “${cell.slice(0, 30)}”; allowed: a number.`);
      }
      values[row * features + column] = value;
    }
    labels?.push(cells[features]!.trim());
  }
  return { values, count, labels };
}

/** Quotes where a spreadsheet would need them; a cell never begins a formula. */
export function formatCsv(rows: readonly (readonly string[])[]): string {
  return rows.map(row => row.map(quote).join(",") + "\r\n").join("");
}

function quote(cell: string): string {
  const harmless = /^[=+\-@\t\r]/.test(cell) && !Number.isFinite(Number(cell)) ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

function splitLine(line: string, separator: string): string[] {
  if (!line.includes('"')) {
    return line.split(separator);
  }
  const cells: string[] = [];
  let [cell, isQuoted] = ["", false];
  for (let at = 0; at < line.length; at++) {
    const letter = line[at]!;
    if (letter === '"' && isQuoted && line[at + 1] === '"') {
      cell += '"';
      at++;
    } else if (letter === '"') {
      isQuoted = !isQuoted;
    } else if (letter === separator && !isQuoted) {
      cells.push(cell);
      cell = "";
    } else {
      cell += letter;
    }
  }
  return [...cells, cell];
}

const isWord = (cell: string): boolean => cell.trim() !== "" && !Number.isFinite(Number(cell));
