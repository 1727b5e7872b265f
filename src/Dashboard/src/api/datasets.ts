import type { ApiClient } from "./client";
import type { Dataset, Page } from "./types";

/** A dataset with what only its own pages show. */
export interface DatasetDetails extends Dataset {
  contentHash: string;
  format?: string | null;
  bytes: number;
  testRows: number;
  /** Rows of each class, in the order of classNames. */
  classCounts: number[];
  ownerId: string;
  createdAt: string;
}

export interface DatasetPreview {
  featureNames: string[];
  image?: { height: number; width: number; channels: number } | null;
  rows: { row: number; label: string; features: number[] }[];
}

export interface ColumnSummary {
  column: number;
  name?: string | null;
  minimum: number;
  maximum: number;
  mean: number;
  standardDeviation: number;
  zeroShare: number;
  from: number;
  to: number;
  histogram: number[];
}

export interface DatasetColumns {
  rowsRead: number;
  total: number;
  columns: ColumnSummary[];
}

export const listDatasets = (api: ApiClient, limit: number, cursor?: string, signal?: AbortSignal): Promise<Page<DatasetDetails>> =>
  api.getJson(`datasets?limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, signal);

export const getDatasetDetails = (api: ApiClient, id: string, signal?: AbortSignal): Promise<DatasetDetails> =>
  api.getJson(`datasets/${id}`, signal);

export const previewDataset = (api: ApiClient, id: string, first: number, rows: number, signal?: AbortSignal): Promise<DatasetPreview> =>
  api.getJson(`datasets/${id}/preview?first=${first}&rows=${rows}`, signal);

export const summariseColumns = (
  api: ApiClient,
  id: string,
  first: number,
  count: number,
  signal?: AbortSignal,
): Promise<DatasetColumns> => api.getJson(`datasets/${id}/columns?first=${first}&count=${count}`, signal);

export async function deleteDataset(api: ApiClient, id: string): Promise<void> {
  await api.request("DELETE", `datasets/${id}`);
}

export interface NewDataset {
  name: string;
  format: string;
  files: Record<string, string>;
  labelColumn?: string;
  regression?: boolean;
}

export const createDataset = (api: ApiClient, body: NewDataset): Promise<DatasetDetails> => api.send("POST", "datasets", { body });

export interface NewGeneratedDataset {
  name: string;
  kind: string;
  trainSamples: number;
  testSamples: number;
  seed: number;
}

export const generateDataset = (api: ApiClient, body: NewGeneratedDataset): Promise<DatasetDetails> =>
  api.send("POST", "datasets/generate", { body });
