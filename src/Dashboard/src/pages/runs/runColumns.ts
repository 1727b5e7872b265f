import { h, setText } from "../../ui/dom";
import { newestFirst } from "./runQuery";

export interface RunColumn {
  label: string;
  numeric: boolean;
  /** What a click on the heading sorts by. */
  sort: string;
  /** True when the largest are wanted first. */
  downwards?: boolean;
}

export const runColumns: readonly RunColumn[] = [
  { label: "State", numeric: false, sort: "state" },
  { label: "Run", numeric: false, sort: "name" },
  { label: "Progress", numeric: false, sort: "progress" },
  { label: "Loss", numeric: true, sort: "loss" },
  { label: "Test accuracy", numeric: true, sort: "testAccuracy", downwards: true },
  { label: "Density", numeric: true, sort: "density" },
  { label: "Connections", numeric: true, sort: "nnz" },
  { label: "Duration", numeric: true, sort: "duration", downwards: true },
  { label: "Created", numeric: true, sort: "createdAt", downwards: true },
];

/** The headings, each a button that sorts; a second click turns the order round. */
export function createRunHeadings(onSort: (sort: string) => void): { cells: HTMLElement[]; show(sort: string): void } {
  let shown = newestFirst;
  const parts = runColumns.map(column => {
    const arrow = h("span", { class: "sort-arrow", attrs: { "aria-hidden": "true" } });
    const click = () => onSort(nextSort(column, shown));
    const button = h("button", { class: "sort-button", on: { click } }, column.label, arrow);
    return { column, arrow, cell: h("th", { class: column.numeric ? "num" : "", scope: "col" }, button) };
  });
  return {
    cells: parts.map(part => part.cell),
    show(sort) {
      shown = sort;
      for (const { column, arrow, cell } of parts) {
        const isSorted = sort.replace(/^-/, "") === column.sort;
        setText(arrow, isSorted ? (sort.startsWith("-") ? "▼" : "▲") : "");
        if (isSorted) {
          cell.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
        } else {
          cell.removeAttribute("aria-sort");
        }
      }
    },
  };
}

/** The same orders as a list, where there are no headings (on a phone). */
export function createSortSelect(onSort: (sort: string) => void): { element: HTMLElement; show(sort: string): void } {
  const orders = runColumns.flatMap(column => {
    const [first, second] = column.downwards ? [`-${column.sort}`, column.sort] : [column.sort, `-${column.sort}`];
    return [
      { sort: first, label: `${column.label} ${first.startsWith("-") ? "▼" : "▲"}` },
      { sort: second, label: `${column.label} ${second.startsWith("-") ? "▼" : "▲"}` },
    ];
  });
  const select = h(
    "select",
    { class: "select", attrs: { "aria-label": "Order" }, on: { change: () => onSort(select.value) } },
    orders.map(({ sort, label }) => h("option", { value: sort }, label)),
  );
  return { element: select, show: sort => (select.value = sort) };
}

function nextSort(column: RunColumn, shown: string): string {
  const first = column.downwards ? `-${column.sort}` : column.sort;
  return shown === first ? (first.startsWith("-") ? column.sort : `-${column.sort}`) : first;
}
