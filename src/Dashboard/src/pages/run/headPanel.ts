import type { ApiClient } from "../../api/client";
import { describeError } from "../../api/apiError";
import { formatInteger } from "../../format/format";
import { runsLink } from "../../shell/router";
import { confirmAction } from "../../ui/dialog";
import { h, setText } from "../../ui/dom";
import { createFeedStatus } from "../../ui/feedStatus";
import { createProgress } from "../../ui/progress";
import { createStateChip, isTerminal, updateStateChip } from "../../ui/stateChip";
import { showToast } from "../../ui/toast";
import { nameOf } from "../runs/runRow";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";
import { progressNote } from "./timing";

const confirmations = {
  pause: {
    title: "Pause this run?",
    text: "It stops after the current step, with a checkpoint, and frees its worker. It can go on later, bit for bit.",
    action: "Pause",
  },
  cancel: { title: "Cancel this run?", text: "It ends for good. Its metrics and checkpoints stay.", action: "Cancel the run" },
} as const;

/** Name, state, progress, connection, and what a person can do to the run. */
export function createHeadPanel(api: ApiClient, model: RunModel, refresh: () => Promise<void>): RunPanel {
  const title = h("h1", {});
  const chip = createStateChip(model.run.state);
  const status = createFeedStatus();
  const progress = createProgress("Progress of the run");
  const message = h("div", { class: "notice", hidden: true });
  const pause = h("button", { class: "button", on: { click: () => void steer("pause") } }, "Pause");
  const resume = h("button", { class: "button primary", on: { click: () => void steer("resume") } }, "Resume");
  const cancel = h("button", { class: "button", on: { click: () => void steer("cancel") } }, "Cancel");
  const buttons = [pause, resume, cancel];

  async function steer(verb: "pause" | "resume" | "cancel"): Promise<void> {
    if (verb !== "resume") {
      const { title: question, text, action } = confirmations[verb];
      if (!(await confirmAction(question, text, action, verb === "cancel"))) {
        return;
      }
    }
    buttons.forEach(button => (button.disabled = true));
    try {
      await api.steerRun(model.run.id, verb);
    } catch (error) {
      showToast(describeError(error), "error");
    }
    await refresh();
    buttons.forEach(button => (button.disabled = false));
  }

  const element = h(
    "header",
    { class: "run-head" },
    h(
      "div",
      { class: "page-head" },
      h(
        "nav",
        { class: "crumbs", attrs: { "aria-label": "Breadcrumb" } },
        h("a", { href: runsLink() }, "Runs"),
        h("span", { attrs: { "aria-hidden": "true" } }, "/"),
      ),
      title,
      chip,
      status.element,
      h("div", { class: "page-actions needs-submitter" }, buttons),
    ),
    progress.element,
    message,
  );

  return {
    element,
    topics: ["run", "status"],
    update({ run, share, secondsPerEpoch, status: feed }) {
      setText(title, nameOf(run));
      updateStateChip(chip, run.state);
      status.show(isTerminal(run.state) && feed !== "reconnecting" ? null : feed);
      progress.update(
        share,
        `Epoch ${formatInteger(run.epochsDone)} of ${formatInteger(run.epochsTotal)}`,
        progressNote(run, share, Date.now(), secondsPerEpoch),
      );
      pause.hidden = !["queued", "starting", "running"].includes(run.state);
      resume.hidden = !(run.state === "paused" || ((run.state === "failed" || run.state === "cancelled") && run.epochsDone > 0));
      cancel.hidden = isTerminal(run.state) || run.state === "stopping";
      showMessage(message, run.state, run.reason, run.message);
    },
  };
}

function showMessage(element: HTMLElement, state: string, reason?: string | null, words?: string | null): void {
  const failed = state === "failed";
  element.hidden = !failed && !words;
  element.className = failed ? "notice notice-error" : "notice";
  setText(
    element,
    words ||
      (failed ? `The run failed${reason && reason !== "none" ? ` (${reason})` : ""}. The events below tell what happened.` : ""),
  );
}
