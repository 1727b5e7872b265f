import { h, setText } from "./dom";

export interface Progress {
  element: HTMLElement;
  update(share: number, label: string, note: string): void;
}

export function createProgress(name: string): Progress {
  const fill = h("div", { class: "progress-fill" });
  const bar = h(
    "div",
    {
      class: "progress-bar",
      attrs: { role: "progressbar", "aria-label": name, "aria-valuemin": "0", "aria-valuemax": "100" },
    },
    fill,
  );
  const label = h("span", { class: "progress-label" });
  const note = h("span", { class: "progress-note" });
  return {
    element: h("div", { class: "progress" }, bar, h("div", { class: "progress-text" }, label, note)),
    update(share, labelText, noteText) {
      const percent = Math.max(0, Math.min(100, share * 100));
      fill.style.setProperty("transform", `scaleX(${percent / 100})`);
      bar.setAttribute("aria-valuenow", percent.toFixed(0));
      bar.setAttribute("aria-valuetext", `${labelText} ${noteText}`.trim());
      setText(label, labelText);
      setText(note, noteText);
    },
  };
}
