import type { ApiClient } from "../../api/client";
import { describeError } from "../../api/apiError";
import { newIdempotencyKey } from "../../api/idempotencyKey";
import { newRunLink, runLink } from "../../shell/router";
import { h } from "../../ui/dom";
import { createEmpty } from "../../ui/notice";
import { showToast } from "../../ui/toast";
import { demoSpec } from "./demoSpec";

/** What an empty service shows: the demo in one click. */
export function createEmptyRuns(api: ApiClient): HTMLElement {
  return h(
    "div",
    { class: "panel" },
    createEmpty(
      "No runs yet",
      "The demo trains a sparse network on ten kinds of drawn signs that the service generates itself. It takes a few seconds, and you " +
        "watch it. Your own runs come through New run, POST /v1/runs or the sparse command.",
      createDemoButton(api, "Start the demo run"),
      h("a", { class: "button needs-submitter", href: newRunLink() }, "Write a run of your own"),
    ),
  );
}

export function createDemoButton(api: ApiClient, words: string): HTMLButtonElement {
  const button = h("button", { class: "button primary needs-submitter", on: { click: () => void start() } }, words);
  async function start(): Promise<void> {
    button.disabled = true;
    try {
      const run = await api.createRun(demoSpec, newIdempotencyKey());
      window.location.hash = runLink(run.id);
    } catch (error) {
      showToast(describeError(error), "error");
      button.disabled = false;
    }
  }
  return button;
}
