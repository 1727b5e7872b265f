import type { ApiClient } from "./client";
import type { Page } from "./types";

export interface ImageShape {
  height: number;
  width: number;
  channels: number;
}

export interface Model {
  id: string;
  runId: string;
  name: string;
  runName?: string | null;
  datasetId: string;
  datasetName: string;
  /** Given when it was made of a checkpoint. */
  checkpointId?: string | null;
  epoch: number;
  bytes: number;
  denseBytes: number;
  nnz: number;
  denseParameters: number;
  features: number;
  outputs: number;
  /** Empty when the model predicts numbers. */
  classNames: string[];
  image?: ImageShape | null;
  testAccuracy?: number | null;
  testLoss?: number | null;
  createdAt: string;
}

export interface Prediction {
  class: string;
  /** In the order of the model's classNames. */
  probabilities: number[];
}

/** One entry for each row: predictions of classes, or values. */
export interface PredictAnswer {
  predictions?: Prediction[] | null;
  values?: number[] | null;
}

export const listModels = (api: ApiClient, limit: number, cursor?: string, signal?: AbortSignal): Promise<Page<Model>> =>
  api.getJson(`models?limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, signal);

export const getModel = (api: ApiClient, id: string, signal?: AbortSignal): Promise<Model> => api.getJson(`models/${id}`, signal);

/** @param rows Raw values, one row after the other. */
export const predict = (api: ApiClient, id: string, rows: Float32Array<ArrayBuffer>, signal?: AbortSignal): Promise<PredictAnswer> =>
  api.send("POST", `models/${id}/predict`, { bytes: littleEndian(rows), ...(signal ? { signal } : {}) });

export const modelFormats = [
  { format: "safetensors", end: ".safetensors", label: "safetensors", hint: "CSR arrays; any safetensors library opens it" },
  { format: "npz", end: ".npz", label: "NumPy (.npz)", hint: "the same arrays for NumPy and SciPy" },
  { format: "onnx", end: ".onnx", label: "ONNX", hint: "a graph from raw rows to predictions, its weights as sparse initializers" },
] as const;

/** What the service takes, also from a machine that keeps its numbers the other way round. */
function littleEndian(rows: Float32Array<ArrayBuffer>): ArrayBuffer {
  const bytes = new DataView(new ArrayBuffer(rows.length * 4));
  rows.forEach((value, index) => bytes.setFloat32(index * 4, value, true));
  return bytes.buffer;
}
