import { elapsedSeconds, interpolate } from "./axes";
import { lowerBound, type SeriesBuffer } from "./seriesBuffer";

export type XAxis = "epoch" | "step" | "time";

/** What is needed of a run to place its points. */
export interface CurveSource {
  series(name: string): SeriesBuffer;
  /** Optimizer updates of an epoch; null when it is not known. */
  readonly stepsPerEpoch: number | null;
}

const parts = ["trainSeconds", "evolutionSeconds", "testSeconds"] as const;
/** Series that the axes need. */
export const placeSeries: readonly string[] = parts;

/** Where an epoch (also a part of one) stands on an axis: epochs, steps, or seconds of training. */
export function placeOf(source: CurveSource, axis: XAxis): (epoch: number) => number {
  if (axis === "epoch") {
    return epoch => epoch;
  }
  if (axis === "step") {
    const perEpoch = source.stepsPerEpoch ?? 0;
    return epoch => Math.round(epoch * perEpoch);
  }
  const buffers = parts.map(name => source.series(name));
  const epochs = buffers[0]!.x;
  const seconds = elapsedSeconds(
    epochs,
    epochs.map(epoch => buffers.reduce((sum, { x, y }) => sum + (y[lowerBound(x, epoch)] ?? 0), 0)),
  );
  return epoch => interpolate(epochs, seconds, epoch);
}
