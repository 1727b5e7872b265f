import { h } from "./dom";

export interface Bar {
  count: number;
  /** What the bar stands for, e.g. "3 to 5". */
  label: string;
}

/** A small histogram: bars of equal width. What each one is stands in its title, and the whole in its label for screen readers. */
export function createBars(bars: readonly Bar[], label: string, className = ""): HTMLElement {
  const highest = bars.reduce((most, bar) => Math.max(most, bar.count), 0) || 1;
  return h(
    "div",
    { class: `bars ${className}`, attrs: { role: "img", "aria-label": label } },
    bars.map(bar => {
      // A bin that is not empty can be seen, however small it is beside the largest.
      const share = bar.count === 0 ? 0 : Math.max(0.02, bar.count / highest);
      return h("span", { title: `${bar.label}: ${bar.count}` }, h("i", { style: { height: `${(share * 100).toFixed(1)}%` } }));
    }),
  );
}
