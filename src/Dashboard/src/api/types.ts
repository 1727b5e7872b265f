// The wire types of /v1 that the page reads. Fields that a server may leave out are optional: null and absent mean the same.

import type { Role } from "../shell/roles";

export type RunState =
  | "queued"
  | "starting"
  | "running"
  | "pausing"
  | "paused"
  | "stopping"
  | "cancelled"
  | "succeeded"
  | "failed";

export interface Run {
  id: string;
  name?: string | null;
  labels?: Record<string, string>;
  spec: RunSpec;
  datasetId: string;
  state: RunState;
  reason?: string | null;
  message?: string | null;
  attempt?: number;
  epochsTotal: number;
  epochsDone: number;
  stepsDone?: number;
  lastEventSeq: number;
  modelId?: string | null;
  loss?: number | null;
  testLoss?: number | null;
  testAccuracy?: number | null;
  bestTestAccuracy?: number | null;
  nnz?: number | null;
  density?: number | null;
  createdAt: string;
  startedAt?: string | null;
  finishedAt?: string | null;
  forkedFromCheckpointId?: string | null;
  ownerId?: string;
  environment?: RunEnvironment | null;
  /** Estimate of the service; the page computes one from the epochs done when it is absent. */
  remainingSeconds?: number | null;
}

/** What trains a run, or did so last. */
export interface RunEnvironment {
  worker: string;
  version: string;
  backend: string;
  threads: number;
  processor: string;
  memory: number;
  runtime: string;
  system: string;
}

export interface RunSpec {
  name?: string | null;
  labels?: Record<string, string>;
  dataset?: DatasetReference | null;
  training: TrainingOptions;
}

export interface DatasetReference {
  id?: string;
  name?: string;
  generated?: { kind: string; trainSamples?: number; testSamples?: number; seed?: number };
}

/** The part of TrainingOptions that the page sets or shows; the rest is shown as JSON. */
export interface TrainingOptions {
  seed?: number;
  epochs?: number;
  batchSize?: number;
  network: { layers: number[]; topology?: Record<string, unknown>; activation?: Record<string, unknown> };
  [option: string]: unknown;
}

export interface OwnKey {
  id: string;
  name: string;
  prefix: string;
  role: Role;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string | null;
}

export interface Dataset {
  id: string;
  name: string;
  version: number;
  rows: number;
  trainRows: number;
  features: number;
  classes: number;
  classNames?: string[];
  /** Given when the file names its columns. */
  featureNames?: string[] | null;
  /** Given when a row is an image; feature = (y·width + x)·channels + c. */
  imageHeight?: number | null;
  imageWidth?: number | null;
  imageChannels?: number | null;
}

export type RunEventKind = "state" | "epoch" | "checkpoint" | "model" | "log";

export interface RunEvent {
  runId?: string;
  seq: number;
  kind: RunEventKind;
  payload: Record<string, unknown>;
  at: string;
}

export interface StepUpdate {
  runId: string;
  epoch: number;
  step: number;
  stepsPerEpoch: number;
  loss: number;
}

export interface MetricPoint {
  step: number;
  value: number;
}

export type MetricSeries = Record<string, MetricPoint[]>;

export interface NetworkStatistics {
  epoch?: number;
  layers: LayerStatistics[];
  inputImportance: number[];
}

export interface LayerStatistics {
  layer: number;
  inputs: number;
  outputs: number;
  nnz: number;
  density: number;
  births?: number;
  deaths?: number;
  prunedConnections?: number;
  prunedNeurons?: number;
  disconnectedNeurons?: number;
  deadNeurons?: number;
  /** The first few dead neurons. */
  dead?: number[];
  fanIn?: DegreeDistribution | null;
  fanOut?: DegreeDistribution | null;
  explorationRate?: number;
  gradientNorm?: number;
  importance: ImportanceDistribution;
}

export interface ImportanceDistribution {
  minimum: number;
  maximum: number;
  mean: number;
  median: number;
  histogram: number[];
  /** Not in the history of epochs. */
  top?: { neuron: number; importance: number }[];
}

export interface DegreeDistribution {
  minimum: number;
  maximum: number;
  mean: number;
  /** Degrees that one bin counts. */
  binWidth: number;
  histogram: number[];
}

export interface Checkpoint {
  id: string;
  epoch: number;
  step: number;
  bytes: number;
  nnz: number;
  testLoss?: number | null;
  testAccuracy?: number | null;
  createdAt: string;
  /** The model that was made of it. */
  modelId?: string | null;
}

/** RFC 9457 problem details; errors lists each fault with its JSON path. */
export interface ProblemDetails {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  errors?: unknown;
}
