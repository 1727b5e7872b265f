import { compareLink } from "../../shell/router";
import { h, setText } from "../../ui/dom";

export const mostCompared = 8;

/** The runs that were marked, and the way to their comparison. */
export class Selection {
  readonly ids = new Set<string>();
  readonly element: HTMLElement;
  private readonly count = h("span", { attrs: { role: "status" } });
  private readonly compare = h("a", { class: "button primary" }, "Compare");

  /** @param onClear Unmarks the rows. */
  constructor(onClear: () => void) {
    const clear = () => {
      this.ids.clear();
      this.show();
      onClear();
    };
    this.element = h(
      "div",
      { class: "selection", hidden: true },
      this.count,
      this.compare,
      h("button", { class: "button", on: { click: clear } }, "Clear selection"),
    );
  }

  /** @returns False when no more can be compared. */
  set(id: string, isSelected: boolean): boolean {
    if (isSelected && this.ids.size >= mostCompared) {
      return false;
    }
    if (isSelected) {
      this.ids.add(id);
    } else {
      this.ids.delete(id);
    }
    this.show();
    return true;
  }

  private show(): void {
    this.element.hidden = this.ids.size === 0;
    setText(this.count, `${this.ids.size} selected`);
    this.compare.href = compareLink(this.ids);
  }
}
