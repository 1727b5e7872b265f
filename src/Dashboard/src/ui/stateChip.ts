import type { RunState } from "../api/types";
import { h } from "./dom";

const words: Record<RunState, string> = {
  queued: "Queued",
  starting: "Starting",
  running: "Running",
  pausing: "Pausing",
  paused: "Paused",
  stopping: "Stopping",
  cancelled: "Cancelled",
  succeeded: "Succeeded",
  failed: "Failed",
};

export function stateWords(state: RunState): string {
  return words[state] ?? state;
}

export function createStateChip(state: RunState): HTMLElement {
  const chip = h("span", {});
  updateStateChip(chip, state);
  return chip;
}

export function updateStateChip(chip: HTMLElement, state: RunState): void {
  if (chip.dataset["state"] !== state) {
    chip.dataset["state"] = state;
    chip.className = `chip chip-${state}`;
    chip.textContent = stateWords(state);
  }
}

export const isActive = (state: RunState): boolean =>
  state === "queued" || state === "starting" || state === "running" || state === "pausing" || state === "stopping";

export const isTerminal = (state: RunState): boolean => state === "cancelled" || state === "succeeded" || state === "failed";
