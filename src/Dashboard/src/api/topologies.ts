import type { Schema } from "../spec/schema";
import type { Fault } from "./apiError";
import type { ApiClient } from "./client";

export interface DegreeBin {
  from: number;
  to: number;
  neurons: number;
}

export interface LayerForecast {
  layer: number;
  inputs: number;
  outputs: number;
  nnz: number;
  density: number;
  /** Counted on the real topology; otherwise the expectation. */
  exact: boolean;
  fanInHistogram: DegreeBin[];
  fanOutHistogram: DegreeBin[];
}

export interface Forecast {
  layers: LayerForecast[];
  nnz: number;
  denseParameters: number;
  density: number;
  modelBytes: number;
  denseModelBytes: number;
  trainingBytes: number;
  denseTrainingBytes: number;
  flopsPerEpoch?: number | null;
  denseFlopsPerEpoch?: number | null;
  secondsPerEpoch?: number | null;
  parallel?: ParallelForecast | null;
  warnings: Fault[];
}

/** What several workers cost besides what one would. */
export interface ParallelForecast {
  workers: number;
  rankBytes: number;
  /** Sent by all ranks together; 0 where they share memory. */
  bytesPerStep: number;
  bytesPerEpoch?: number | null;
  localEpochs: number;
  secondsPerEpoch?: number | null;
}

export interface SpyWindow {
  firstInput: number;
  inputs: number;
  firstOutput: number;
  outputs: number;
}

export interface SpyPlot {
  layer: number;
  inputs: number;
  outputs: number;
  window: SpyWindow;
  gridRows: number;
  gridColumns: number;
  /** Connections in each cell of the grid, row by row. */
  counts: number[];
  nnz: number;
  largest: number;
}

export const getSpecSchema = (api: ApiClient, signal?: AbortSignal): Promise<Schema> => api.getJson("specs/schema", signal);

/** @param spec JSON text, as it would be submitted. */
export const previewTopology = (api: ApiClient, spec: string, signal: AbortSignal): Promise<Forecast> =>
  api.send("POST", "topologies/preview", { bytes: spec, headers: json, signal });

export function spyTopology(api: ApiClient, spec: string, layer: number, window: SpyWindow, signal: AbortSignal): Promise<SpyPlot> {
  const query = new URLSearchParams({ layer: String(layer) });
  Object.entries(window).forEach(([name, value]) => query.set(name, String(value)));
  return api.send("POST", `topologies/spy?${query}`, { bytes: spec, headers: json, signal });
}

const json = { "Content-Type": "application/json" };
