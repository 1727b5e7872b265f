import { h } from "../../ui/dom";

/** Chooses a weight layer. */
export function createLayerSelect(layers: number, onChange: (index: number) => void): HTMLSelectElement {
  const select = h(
    "select",
    { class: "select", attrs: { "aria-label": "Layer" }, on: { change: () => onChange(select.selectedIndex) } },
    Array.from({ length: layers }, (_, index) =>
      h("option", {}, index + 1 === layers ? `Layer ${index + 1} (output)` : `Layer ${index + 1}`),
    ),
  );
  return select;
}
