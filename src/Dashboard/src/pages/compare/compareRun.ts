import type { MetricSeries, Run } from "../../api/types";
import { placeSeries, type CurveSource } from "../../series/curvePlace";
import { SeriesBuffer } from "../../series/seriesBuffer";

/** Series of an epoch that can be compared, in the order of the choice. */
export const comparedSeries = [
  { name: "testAccuracy", words: "Test accuracy", kind: "share" },
  { name: "trainAccuracy", words: "Train accuracy", kind: "share" },
  { name: "testLoss", words: "Test loss", kind: "loss" },
  { name: "loss", words: "Train loss", kind: "loss" },
  { name: "nnz", words: "Connections", kind: "count" },
  { name: "density", words: "Density", kind: "share" },
  { name: "gradientNorm", words: "Gradient norm", kind: "number" },
  { name: "samplesPerSecond", words: "Samples per second", kind: "count" },
  { name: "gigaflopsPerSecond", words: "GFLOP/s", kind: "number" },
] as const;

export const seriesRead: readonly string[] = [...comparedSeries.map(({ name }) => name), ...placeSeries];

/** A run among those that are compared: its row and its curves. */
export class CompareRun implements CurveSource {
  private readonly buffers = new Map<string, SeriesBuffer>();
  /** Newest epoch whose points are here. */
  readEpoch = 0;

  constructor(public run: Run) {}

  get stepsPerEpoch(): number | null {
    const { stepsDone, epochsDone } = this.run;
    return stepsDone && epochsDone ? stepsDone / epochsDone : null;
  }

  series(name: string): SeriesBuffer {
    let buffer = this.buffers.get(name);
    if (!buffer) {
      this.buffers.set(name, (buffer = new SeriesBuffer()));
    }
    return buffer;
  }

  addMetrics(metrics: MetricSeries): void {
    for (const [name, points] of Object.entries(metrics)) {
      this.series(name).putAll(points.map(({ step, value }) => ({ x: step, y: value })));
      this.readEpoch = Math.max(this.readEpoch, points.at(-1)?.step ?? 0);
    }
  }

  setRun(run: Run): void {
    if (run.lastEventSeq >= this.run.lastEventSeq) {
      this.run = run;
    }
  }
}
