import type { ApiClient } from "../../api/client";
import { describeError } from "../../api/apiError";
import type { Checkpoint } from "../../api/types";
import { formatBytes, formatCount, formatInteger, formatLoss, formatPercent, formatTime } from "../../format/format";
import { saveBlob } from "../../ui/saveBlob";
import { h, setText } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import { showToast } from "../../ui/toast";
import { openForkDialog } from "./forkDialog";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

/** Checkpoints that can be had, newest first, and the model once the run succeeded. */
export function createCheckpointsPanel(api: ApiClient, refresh: () => Promise<void>): RunPanel {
  const { element, body, tools } = createPanel("Checkpoints", "span-7");
  const headings = ["Epoch", "Step", "Test accuracy", "Test loss", "Connections", "Size", "Written"];
  const rows = h("tbody", {});
  const empty = h("p", { class: "muted small" }, "None yet.");
  const table = h(
    "table",
    { class: "table" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        headings.map(text => h("th", { class: "num", scope: "col" }, text)),
        h("th", { scope: "col" }, h("span", { class: "sr-only" }, "Actions")),
      ),
    ),
    rows,
  );
  const scroll = h("div", { class: "table-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": "Checkpoints" } }, table);
  body.append(empty);
  let drawn = "";
  let hasModel = false;
  return {
    element,
    topics: ["checkpoints", "run"],
    update(model) {
      if (!hasModel && model.run.modelId) {
        hasModel = true;
        tools.replaceChildren(...modelButton(api, model));
      }
      const newest = [...model.checkpoints].sort((a, b) => b.step - a.step);
      body.replaceChildren(newest.length === 0 ? empty : scroll);
      const canResume = ["paused", "failed", "cancelled"].includes(model.run.state);
      const now = `${canResume} ${newest.map(({ id, modelId }) => `${id} ${modelId}`).join()}`;
      if (drawn !== now) {
        drawn = now;
        const actions = (checkpoint: Checkpoint, index: number) => [
          canResume && index === 0 ? resumeButton(api, model, checkpoint, refresh) : null,
          forkButton(api, model, checkpoint),
          promoteButton(api, checkpoint),
        ];
        rows.replaceChildren(...newest.map((checkpoint, index) => createRow(api, checkpoint, actions(checkpoint, index))));
      }
    },
  };
}

function createRow(api: ApiClient, checkpoint: Checkpoint, actions: (HTMLElement | null)[]): HTMLElement {
  const texts = [
    formatInteger(checkpoint.epoch),
    formatInteger(checkpoint.step),
    formatPercent(checkpoint.testAccuracy),
    formatLoss(checkpoint.testLoss),
    formatCount(checkpoint.nnz),
    formatBytes(checkpoint.bytes),
    formatTime(checkpoint.createdAt),
  ];
  return h(
    "tr",
    {},
    texts.map(text => h("td", { class: "num" }, text)),
    h(
      "td",
      { class: "cell-action" },
      actions,
      downloadButton(
        api,
        "Download",
        `checkpoints/${checkpoint.id}/content`,
        `checkpoint-${checkpoint.epoch}.safetensors`,
        `Download the checkpoint of epoch ${checkpoint.epoch}`,
      ),
    ),
  );
}

/** Goes on with this run: the service takes its newest checkpoint. */
function resumeButton(api: ApiClient, { run }: RunModel, { epoch }: Checkpoint, refresh: () => Promise<void>): HTMLElement {
  const words = `Resume the run from the checkpoint of epoch ${epoch}`;
  const button = h("button", { class: "button small needs-submitter", attrs: { "aria-label": words } }, "Resume");
  button.addEventListener("click", () => {
    button.disabled = true;
    void api
      .steerRun(run.id, "resume")
      .catch((error: unknown) => showToast(describeError(error), "error"))
      .then(refresh)
      .finally(() => (button.disabled = false));
  });
  return button;
}

function forkButton(api: ApiClient, model: RunModel, checkpoint: Checkpoint): HTMLElement {
  const words = `Fork the checkpoint of epoch ${checkpoint.epoch} into a new run`;
  const open = () => openForkDialog(api, model.run, checkpoint);
  return h("button", { class: "button small needs-submitter", attrs: { "aria-label": words }, on: { click: open } }, "Fork");
}

/** Makes a model that stays when the checkpoint goes; where there is one already, says so. */
function promoteButton(api: ApiClient, checkpoint: Checkpoint): HTMLButtonElement {
  const button = h("button", { class: "button small needs-submitter", on: { click: () => void promote() } }, "Promote");
  const show = (isDone: boolean) => {
    setText(button, isDone ? "Promoted" : "Promote");
    button.setAttribute(
      "aria-label",
      isDone ? `Promoted: epoch ${checkpoint.epoch} is a model` : `Promote the checkpoint of epoch ${checkpoint.epoch} to a model`,
    );
    button.disabled = isDone;
  };
  async function promote(): Promise<void> {
    button.disabled = true;
    try {
      await api.promoteCheckpoint(checkpoint.id);
      show(true);
      showToast(`The checkpoint of epoch ${checkpoint.epoch} is a model now; it stays when the checkpoint goes.`);
    } catch (error) {
      button.disabled = false;
      showToast(describeError(error), "error");
    }
  }
  show(typeof checkpoint.modelId === "string");
  return button;
}

function modelButton(api: ApiClient, { run }: RunModel): HTMLElement[] {
  return run.modelId
    ? [downloadButton(api, "Download model", `models/${run.modelId}/content`, "model.safetensors", "Download model of this run")]
    : [];
}

function downloadButton(api: ApiClient, label: string, path: string, fileName: string, words: string): HTMLElement {
  const button = h(
    "button",
    { class: "button small", attrs: { "aria-label": words }, on: { click: () => void download() } },
    label,
  );
  async function download(): Promise<void> {
    button.disabled = true;
    try {
      saveBlob(await api.download(path), fileName);
    } catch (error) {
      showToast(describeError(error), "error");
    } finally {
      button.disabled = false;
    }
  }
  return button;
}
