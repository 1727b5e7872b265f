import { h } from "./dom";

export interface Tab {
  label: string;
  element: HTMLElement;
}

let groups = 0;

/** One of several contents at a time; arrows move between the tabs, as people expect of tabs. */
export function createTabs(name: string, tabs: readonly Tab[]): HTMLElement {
  const group = `tabs-${++groups}`;
  const panels = tabs.map(({ element }, index) =>
    h("div", { id: `${group}-panel-${index}`, attrs: { role: "tabpanel", "aria-labelledby": `${group}-${index}` } }, element),
  );
  const buttons = tabs.map(({ label }, index) =>
    h(
      "button",
      {
        class: "tab",
        type: "button",
        id: `${group}-${index}`,
        attrs: { role: "tab", "aria-controls": `${group}-panel-${index}` },
        on: { click: () => open(index), keydown: event => turn(event, index) },
      },
      label,
    ),
  );
  const open = (chosen: number) => {
    buttons.forEach((button, index) => {
      button.setAttribute("aria-selected", String(index === chosen));
      button.tabIndex = index === chosen ? 0 : -1;
      panels[index]!.hidden = index !== chosen;
    });
  };
  const turn = (event: KeyboardEvent, index: number) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) {
      const next = (index + step + tabs.length) % tabs.length;
      open(next);
      buttons[next]!.focus();
      event.preventDefault();
    }
  };
  open(0);
  return h("div", { class: "tabs" }, h("div", { class: "tab-list", attrs: { role: "tablist", "aria-label": name } }, buttons), panels);
}
