import { h } from "./dom";

export interface Panel {
  element: HTMLElement;
  body: HTMLElement;
  /** Right side of the heading: legends, switches. */
  tools: HTMLElement;
}

let panels = 0;

/** A titled box; the title labels it for screen readers. */
export function createPanel(title: string, className = "", hint = ""): Panel {
  const id = `panel-${++panels}`;
  const tools = h("div", { class: "panel-tools" });
  const body = h("div", { class: "panel-body" });
  const heading = h("h2", { id }, title);
  const element = h(
    "section",
    { class: `panel ${className}`, attrs: { "aria-labelledby": id } },
    h("header", { class: "panel-head" }, heading, hint ? h("span", { class: "hint" }, hint) : null, tools),
    body,
  );
  return { element, body, tools };
}
