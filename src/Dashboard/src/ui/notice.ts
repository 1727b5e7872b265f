import { describeError } from "../api/apiError";
import { h } from "./dom";

/** What stands where content would be: nothing yet, or why there is none. */
export function createEmpty(title: string, text: string, ...actions: HTMLElement[]): HTMLElement {
  return h(
    "div",
    { class: "empty" },
    h("p", { class: "empty-title" }, title),
    h("p", {}, text),
    actions.length > 0 ? h("div", { class: "empty-actions" }, actions) : null,
  );
}

export function createErrorNotice(title: string, error: unknown, retry?: () => void): HTMLElement {
  return h(
    "div",
    { class: "notice notice-error", attrs: { role: "alert" } },
    h("strong", {}, title),
    h("p", {}, describeError(error)),
    retry ? h("button", { class: "button", on: { click: retry } }, "Try again") : null,
  );
}
