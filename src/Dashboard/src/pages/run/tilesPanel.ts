import { formatCount, formatDuration, formatInteger, formatLoss, formatNumber, formatPercent } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { denseConnections } from "./network";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";
import { durationSeconds } from "./timing";

interface Tile {
  label: string;
  value(model: RunModel): string;
  note(model: RunModel): string;
}

const tiles: Tile[] = [
  {
    label: "Test accuracy",
    value: ({ run }) => formatPercent(run.testAccuracy),
    note: ({ run }) => (run.bestTestAccuracy ? `best ${formatPercent(run.bestTestAccuracy)}` : ""),
  },
  {
    label: "Loss",
    value: ({ run }) => formatLoss(run.loss),
    note: ({ run }) => (run.testLoss ? `test ${formatLoss(run.testLoss)}` : ""),
  },
  {
    label: "Connections",
    value: ({ run }) => formatCount(run.nnz),
    note: ({ run }) => `of ${formatCount(denseConnections(run.spec))} dense`,
  },
  {
    label: "Density",
    value: ({ run }) => formatPercent(run.density),
    note: ({ run }) => (run.density ? `${(1 / run.density).toFixed(1)} × fewer` : ""),
  },
  {
    label: "Samples / s",
    value: model => formatCount(model.series("samplesPerSecond").lastY),
    note: model => {
      const work = model.series("gigaflopsPerSecond").lastY;
      return work === undefined ? "" : `${formatNumber(work)} GFLOP/s`;
    },
  },
  {
    label: "Duration",
    value: ({ run }) => formatDuration(durationSeconds(run, Date.now())),
    note: model => (model.secondsPerEpoch === undefined ? "" : `${formatDuration(model.secondsPerEpoch)} per epoch`),
  },
  {
    label: "Step",
    value: model => formatInteger(Math.max(model.step?.step ?? 0, model.run.stepsDone ?? 0)),
    note: model => (model.stepsPerEpoch === null ? "" : `${formatInteger(model.stepsPerEpoch)} per epoch`),
  },
];

/** The numbers that one looks at first. */
export function createTilesPanel(): RunPanel {
  const parts = tiles.map(tile => ({
    tile,
    value: h("dd", { class: "tile-value" }, "–"),
    note: h("dd", { class: "tile-note" }),
  }));
  return {
    element: h(
      "dl",
      { class: "tiles" },
      parts.map(({ tile, value, note }) => h("div", { class: "tile" }, h("dt", {}, tile.label), value, note)),
    ),
    topics: ["run", "step"],
    update(model) {
      for (const { tile, value, note } of parts) {
        setText(value, tile.value(model));
        setText(note, tile.note(model));
      }
    },
  };
}
