import { h } from "./dom";

/** A control with its label above it and a hint below, both known to screen readers. */
export function createField(id: string, label: string, control: HTMLElement, hint = ""): HTMLElement {
  control.id = id;
  if (hint !== "") {
    control.setAttribute("aria-describedby", `${id}-hint`);
  }
  return h(
    "div",
    { class: "field" },
    h("label", { attrs: { for: id } }, label),
    control,
    hint === "" ? null : h("span", { class: "hint", id: `${id}-hint` }, hint),
  );
}
