type Child = Node | string | number | null | undefined | false;
type Children = Child | Child[];

type Props<E extends HTMLElement> = Partial<Omit<E, "style" | "dataset" | "children">> & {
  class?: string;
  attrs?: Record<string, string>;
  style?: Record<string, string>;
  on?: { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
};

/** Makes an element; texts are always set as text, never as markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props<HTMLElementTagNameMap[K]> = {},
  ...children: Children[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { class: className, attrs, style, on, ...properties } = props;
  Object.assign(element, properties);
  if (className) {
    element.className = className;
  }
  for (const [name, value] of Object.entries(attrs ?? {})) {
    element.setAttribute(name, value);
  }
  for (const [name, value] of Object.entries(style ?? {})) {
    element.style.setProperty(name, value);
  }
  for (const [name, listener] of Object.entries(on ?? {})) {
    element.addEventListener(name, listener as EventListener);
  }
  append(element, children);
  return element;
}

function append(element: HTMLElement, children: Children[]): void {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/** Replaces the children, but only when something changed, so that a selection or focus inside survives updates. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

export function svg(viewBox: string, ...paths: string[]): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const root = document.createElementNS(namespace, "svg");
  root.setAttribute("viewBox", viewBox);
  root.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS(namespace, "path");
    path.setAttribute("d", d);
    root.append(path);
  }
  return root;
}
