import type {
  Checkpoint,
  Dataset,
  LayerStatistics,
  MetricSeries,
  NetworkStatistics,
  Run,
  RunEnvironment,
  RunEvent,
  RunState,
  StepUpdate,
} from "../../api/types";
import type { FeedStatus } from "../../live/hubLink";
import { SeriesBuffer } from "../../series/seriesBuffer";
import { drawnEpochs, mostDrawn } from "./drawnEpochs";
import { ranksOf, type Ranks } from "./ranks";

/** "step" alone comes ten times a second; whoever listens to it must be quick. */
export type Topic = "run" | "step" | "curves" | "statistics" | "events" | "checkpoints" | "status";

export const epochSeries = [
  "loss",
  "trainAccuracy",
  "testLoss",
  "testAccuracy",
  "nnz",
  "density",
  "learningRate",
  "gradientNorm",
  "samplesPerSecond",
  "gigaflopsPerSecond",
  "workerBytes",
  "trainSeconds",
  "evolutionSeconds",
  "testSeconds",
] as const;
export const stepSeries = "stepLoss";

const eventsKept = 500;
const eventsKeptOnDemand = 5000;
const paceEpochs = 5;
const historyKept = 3 * mostDrawn;

/** What the page knows of its run: read once, then kept up to date by events. Knows no HTML. */
export class RunModel {
  dataset: Dataset | null = null;
  /** Of the newest epoch. */
  statistics: NetworkStatistics | null = null;
  /** Of the epoch that a person chose to look at; null = the newest. */
  chosen: NetworkStatistics | null = null;
  checkpoints: Checkpoint[] = [];
  events: RunEvent[] = [];
  status: FeedStatus = "connecting";
  /** Of the newest epoch of a parallel run. */
  ranks: Ranks | null = null;
  /** Place inside the epoch that is being trained. */
  step: StepUpdate | null = null;
  readonly layerHistory = new Map<number, LayerStatistics[]>();
  /** More when a person has asked for older ones. */
  private mostEvents = eventsKept;
  private readonly buffers = new Map<string, SeriesBuffer>();
  private readonly changes = new Set<Topic>();

  constructor(
    public run: Run,
    private readonly onChange: () => void,
  ) {}

  series(name: string): SeriesBuffer {
    let buffer = this.buffers.get(name);
    if (!buffer) {
      this.buffers.set(name, (buffer = new SeriesBuffer()));
    }
    return buffer;
  }

  /** Topics that changed since the last call. */
  takeChanges(): Set<Topic> {
    const taken = new Set(this.changes);
    this.changes.clear();
    return taken;
  }

  touch(...topics: Topic[]): void {
    topics.forEach(topic => this.changes.add(topic));
    this.onChange();
  }

  /** The service's row; the events that the page has seen may be newer than it. */
  setRun(run: Run): void {
    const isOlder = run.lastEventSeq < this.run.lastEventSeq;
    this.run = isOlder ? { ...run, ...progressOf(this.run) } : run;
    this.touch("run");
  }

  addMetrics(metrics: MetricSeries): void {
    for (const [name, points] of Object.entries(metrics)) {
      this.series(name).putAll(points.map(({ step, value }) => ({ x: step, y: value })));
    }
    this.touch("curves", "run");
  }

  addStatistics(epoch: number, statistics: NetworkStatistics): void {
    this.addHistory([{ epoch, layers: statistics.layers }]);
    if (epoch >= (this.statistics?.epoch ?? 0)) {
      this.statistics = { ...statistics, epoch };
    }
    this.touch("statistics");
  }

  /** Layers of past epochs; bounded: of a long run those stay that the charts draw. */
  addHistory(epochs: { epoch: number; layers: LayerStatistics[] }[]): void {
    epochs.forEach(({ epoch, layers }) => this.layerHistory.set(epoch, layers.map(withoutNeurons)));
    if (this.layerHistory.size > historyKept) {
      const newest = Math.max(...this.layerHistory.keys());
      const drawn = new Set([...drawnEpochs(newest), newest]);
      [...this.layerHistory.keys()].filter(epoch => !drawn.has(epoch)).forEach(epoch => this.layerHistory.delete(epoch));
    }
    this.touch("statistics");
  }

  /** What the panels of the network show. */
  get shown(): NetworkStatistics | null {
    return this.chosen ?? this.statistics;
  }

  choose(statistics: NetworkStatistics | null): void {
    this.chosen = statistics;
    this.touch("statistics");
  }

  keepMoreEvents(): void {
    this.mostEvents = eventsKeptOnDemand;
  }

  /** Older events, newest last, in front of those that came live. */
  addPastEvents(events: RunEvent[]): void {
    const known = new Set(this.events.map(event => event.seq));
    this.events = [...events.filter(event => !known.has(event.seq)), ...this.events]
      .sort((a, b) => a.seq - b.seq)
      .slice(-this.mostEvents);
    events.filter(event => event.kind === "epoch").forEach(event => this.keepRanks(event.payload));
    this.touch("events");
  }

  applyStep(step: StepUpdate): void {
    this.series(stepSeries).put(step.step, step.loss);
    this.step = step;
    this.touch("step");
  }

  applyEvent(event: RunEvent): void {
    // The past is read while events come live: what both bring is there once.
    if (event.seq > (this.events.at(-1)?.seq ?? 0)) {
      this.events.push(event);
      if (this.events.length > this.mostEvents) {
        this.events.splice(0, this.events.length - this.mostEvents);
      }
    } else {
      this.addPastEvents([event]);
    }
    this.run = { ...this.run, lastEventSeq: Math.max(this.run.lastEventSeq, event.seq) };
    this.touch("events");
    if (event.kind === "epoch") {
      this.applyEpoch(event.payload);
    } else if (event.kind === "state") {
      this.applyState(event.payload);
    }
  }

  private applyState(payload: Record<string, unknown>): void {
    this.run = {
      ...this.run,
      state: (payload["state"] as RunState | undefined) ?? this.run.state,
      reason: (payload["reason"] as string | undefined) ?? null,
      message: (payload["message"] as string | undefined) ?? null,
      environment: (payload["environment"] as RunEnvironment | undefined) ?? this.run.environment ?? null,
    };
    this.touch("run");
  }

  private applyEpoch(payload: Record<string, unknown>): void {
    const epoch = numberOf(payload["epoch"]);
    if (epoch === null) {
      return;
    }
    for (const name of epochSeries) {
      const value = numberOf(payload[name]);
      if (value !== null) {
        this.series(name).put(epoch, value);
      }
    }
    this.keepRanks(payload);
    const accuracy = numberOf(payload["testAccuracy"]);
    this.run = {
      ...this.run,
      epochsDone: Math.max(this.run.epochsDone, epoch),
      stepsDone: numberOf(payload["step"]) ?? this.run.stepsDone ?? 0,
      loss: numberOf(payload["loss"]),
      testLoss: numberOf(payload["testLoss"]),
      testAccuracy: accuracy,
      bestTestAccuracy:
        accuracy === null ? (this.run.bestTestAccuracy ?? null) : Math.max(accuracy, this.run.bestTestAccuracy ?? 0),
      nnz: numberOf(payload["nnz"]),
      density: numberOf(payload["density"]),
    };
    this.touch("curves", "run");
  }

  private keepRanks(payload: Record<string, unknown>): void {
    const ranks = ranksOf(payload);
    if (ranks && ranks.epoch >= (this.ranks?.epoch ?? 0)) {
      this.ranks = ranks;
    }
  }

  /** Optimizer updates of an epoch; null before the first one is seen. */
  get stepsPerEpoch(): number | null {
    if (this.step) {
      return this.step.stepsPerEpoch;
    }
    const { stepsDone, epochsDone } = this.run;
    return stepsDone && epochsDone ? stepsDone / epochsDone : null;
  }

  /** Part of the run that is done, 0 to 1, with the place inside the epoch. */
  get share(): number {
    const { epochsDone, epochsTotal, state } = this.run;
    if (epochsTotal === 0) {
      return 0;
    }
    const inside =
      state === "running" && this.step && this.step.epoch === epochsDone + 1
        ? Math.max(0, Math.min(1, this.step.step / this.step.stepsPerEpoch - epochsDone))
        : 0;
    return Math.min(1, (epochsDone + inside) / epochsTotal);
  }

  /** Mean over the newest epochs, for the estimate; undefined before the first. */
  get secondsPerEpoch(): number | undefined {
    const parts = ["trainSeconds", "evolutionSeconds", "testSeconds"].map(name => this.series(name).y.slice(-paceEpochs));
    const count = parts[0]!.length;
    return count === 0 ? undefined : parts.flat().reduce((sum, value) => sum + value, 0) / count;
  }
}

/** Lists of single neurons are shown of one epoch, never of all. */
function withoutNeurons(layer: LayerStatistics): LayerStatistics {
  const { dead: _dead, fanIn: _fanIn, fanOut: _fanOut, importance, ...numbers } = layer;
  const { top: _top, ...distribution } = importance;
  return { ...numbers, importance: distribution };
}

function progressOf(run: Run): Partial<Run> {
  const {
    lastEventSeq,
    state,
    reason,
    message,
    epochsDone,
    stepsDone,
    loss,
    testLoss,
    testAccuracy,
    bestTestAccuracy,
    nnz,
    density,
  } = run;
  return JSON.parse(
    JSON.stringify({
      lastEventSeq,
      state,
      reason,
      message,
      epochsDone,
      stepsDone,
      loss,
      testLoss,
      testAccuracy,
      bestTestAccuracy,
      nnz,
      density,
    }),
  );
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
