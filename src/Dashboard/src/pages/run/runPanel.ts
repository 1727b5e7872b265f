import type { RunModel, Topic } from "./runModel";

/** A part of the run page; the page calls update when one of its topics changed. */
export interface RunPanel {
  element: HTMLElement;
  topics: Topic[];
  update(model: RunModel): void;
  dispose?(): void;
}
