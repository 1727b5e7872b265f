import type { ApiClient } from "../../api/client";
import { describeError } from "../../api/apiError";
import { formatInteger } from "../../format/format";
import { compareLink, newRunLink, runsLink } from "../../shell/router";
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
  cancel: { title: "Cancel this run?", text: "It ends. Its metrics and checkpoints stay.", action: "Cancel the run" },
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
  const compare = h("a", { class: "button", href: compareLink([model.run.id]) }, "Compare");
  const again = h("a", { class: "button needs-submitter", href: `${newRunLink()}?from=${model.run.id}` }, "New run like this");
  const remove = h("button", { class: "button", on: { click: () => void deleteRun() } }, "Delete");
  const buttons = [pause, resume, cancel, remove];

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

  async function deleteRun(): Promise<void> {
    const text = "Its metrics, events and checkpoints go with it, and its model. This cannot be undone.";
    if (!(await confirmAction("Delete this run?", text, "Delete the run", true))) {
      return;
    }
    try {
      await api.deleteRun(model.run.id);
      showToast("The run was deleted.");
      window.location.hash = runsLink();
    } catch (error) {
      showToast(describeError(error), "error");
    }
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
      h("div", { class: "page-actions" }, compare, again, h("div", { class: "needs-submitter" }, buttons)),
    ),
    progress.element,
    message,
  );

  return {
    element,
    topics: ["run", "step", "status"],
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
      remove.hidden = !isTerminal(run.state);
      showMessage(message, run.state, run.reason, run.message);
    },
  };
}

/** What a person can do about a failure, by its reason. */
const advice: Record<string, string> = {
  diverged: "Try a smaller learning rate, or another optimizer, as a new run.",
  outOfMemory: "Use fewer connections (a smaller epsilon or density), narrower layers or a smaller batch, or a worker with more memory.",
  leaseLost: "Its workers went away too often. Resume it when they are well; the log of the worker says more.",
  storage: "The service could not read or write its data. An administrator should look at the storage, then resume the run.",
  validation: "Correct the spec and submit it as a new run.",
  deadline: "It took longer than it may. Resume it, or give it fewer epochs.",
  internal: "This is a fault of the service; its log has the details. Resume the run to try again.",
};

function showMessage(element: HTMLElement, state: string, reason?: string | null, words?: string | null): void {
  const failed = state === "failed";
  const what = words || (failed ? "The run failed." : "");
  element.hidden = what === "";
  element.className = failed ? "notice notice-error" : "notice";
  setText(element, failed && reason && advice[reason] ? `${what}\n${advice[reason]}` : what);
}
