import type { ApiClient } from "../../api/client";
import { newIdempotencyKey } from "../../api/idempotencyKey";
import { describeError } from "../../api/apiError";
import type { Checkpoint, Run } from "../../api/types";
import { runLink } from "../../shell/router";
import { h, setText } from "../../ui/dom";
import { nameOf } from "../runs/runRow";

/** Asks for name and epochs of a run that goes on from a checkpoint, and opens it. */
export function openForkDialog(api: ApiClient, run: Run, checkpoint: Checkpoint): void {
  const name = h("input", { class: "input", id: "fork-name", maxLength: 200, value: `${nameOf(run)} (fork)`, required: true });
  const epochs = h("input", {
    class: "input",
    id: "fork-epochs",
    type: "number",
    min: String(checkpoint.epoch + 1),
    max: "100000",
    value: String(Math.max(run.epochsTotal, checkpoint.epoch + 1)),
    required: true,
  });
  const error = h("p", { class: "field-error", attrs: { role: "alert" } });
  const start = h("button", { class: "button primary" }, "Start the run");
  const key = newIdempotencyKey();
  const dialog = h(
    "dialog",
    { class: "dialog", attrs: { "aria-labelledby": "fork-title" } },
    h(
      "form",
      { class: "fields", on: { submit: (event: SubmitEvent) => void submit(event) } },
      h("h2", { id: "fork-title" }, `New run from epoch ${checkpoint.epoch}`),
      h("p", {}, "It starts with the network of this checkpoint. This run stays as it is."),
      h("label", { attrs: { for: "fork-name" } }, "Name"),
      name,
      h("label", { attrs: { for: "fork-epochs" } }, "Epochs in all"),
      epochs,
      error,
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { class: "button", type: "button", on: { click: () => dialog.close() } }, "Back"),
        start,
      ),
    ),
  );

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    start.disabled = true;
    try {
      const body = { checkpointId: checkpoint.id, name: name.value, epochs: epochs.valueAsNumber };
      const fork = await api.forkRun(run.id, body, key);
      dialog.close();
      window.location.hash = runLink(fork.id);
    } catch (failure) {
      setText(error, describeError(failure));
    } finally {
      start.disabled = false;
    }
  }

  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
