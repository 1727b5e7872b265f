import { describeError } from "../../api/apiError";
import type { ApiClient } from "../../api/client";
import type { Run } from "../../api/types";
import type { Draft } from "../../spec/specDocument";
import { h } from "../../ui/dom";
import { createField } from "../../ui/field";
import { showToast } from "../../ui/toast";
import { examples } from "./examples";

const runsOffered = 30;

/** The spec of a run as it was posted, edge lists included, to be changed and run again. */
export const specOfRun = (api: ApiClient, id: string, signal?: AbortSignal): Promise<Draft> => api.getJson(`runs/${id}/spec`, signal);

/** Where a new spec may begin: at an example, or at a run that was trained before. */
export function createStartFrom(api: ApiClient, signal: AbortSignal, onDraft: (draft: Draft) => void): HTMLElement {
  const earlier = h("optgroup", { label: "Earlier runs", hidden: true });
  const select = h(
    "select",
    { class: "input", on: { change: () => void choose() } },
    h("option", { value: "" }, "choose …"),
    h(
      "optgroup",
      { label: "Examples" },
      examples.map(({ name }, index) => h("option", { value: `example:${index}` }, name)),
    ),
    earlier,
  );

  const choose = async () => {
    const [kind, value = ""] = select.value.split(":");
    if (kind === "") {
      return;
    }
    try {
      onDraft(kind === "example" ? await examples[Number(value)]!.load() : await specOfRun(api, value, signal));
    } catch (error) {
      if (!signal.aborted) {
        showToast(describeError(error), "error");
      }
    }
  };
  const offerRuns = async () => {
    try {
      const { items } = await api.listRuns(new URLSearchParams(), runsOffered, undefined, signal);
      earlier.hidden = items.length === 0;
      earlier.append(...items.map(run => h("option", { value: `run:${run.id}` }, nameOf(run))));
    } catch {
      // The examples are enough to begin with.
    }
  };
  void offerRuns();
  return createField("start-from", "Start from", select);
}

const nameOf = (run: Run): string => `${run.name || "Run"} · ${run.id.slice(0, 8)} · ${run.state}`;
