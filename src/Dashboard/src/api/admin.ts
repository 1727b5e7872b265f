import type { Role } from "../shell/roles";
import type { ApiClient } from "./client";
import type { Page, RunState } from "./types";

export interface ApiKeyRow {
  id: string;
  name: string;
  /** Public part, to recognise it by. */
  prefix: string;
  role: Role;
  createdAt: string;
  lastUsedAt?: string | null;
  expiresAt?: string | null;
  revokedAt?: string | null;
}

export interface CreatedKey {
  /** Shown once; the service keeps only its hash. */
  secret: string;
  key: ApiKeyRow;
}

export interface Worker {
  name: string;
  version: string;
  slots: number;
  startedAt: string;
  seenAt: string;
  isAlive: boolean;
  runs: string[];
}

export interface Queue {
  waiting: QueuedRun[];
  waitingTotal: number;
  held: HeldRun[];
  slots: number;
}

export interface QueuedRun {
  place: number;
  id: string;
  name?: string | null;
  attempt: number;
  createdAt: string;
  waitingSeconds: number;
  notBefore?: string | null;
}

export interface HeldRun {
  id: string;
  name?: string | null;
  state: RunState;
  worker: string;
  epochsDone: number;
  epochsTotal: number;
}

export interface Storage {
  databaseBytes: number;
  kinds: { kind: string; count?: number | null; bytes: number }[];
  largest: { kind: string; id: string; name: string; count: number; bytes: number }[];
}

export const listKeys = (api: ApiClient, signal?: AbortSignal): Promise<Page<ApiKeyRow>> => api.getJson("keys?limit=200", signal);

export const createKey = (api: ApiClient, body: { name: string; role: Role; expiresAt?: string }): Promise<CreatedKey> =>
  api.send("POST", "keys", { body });

export const revokeKey = (api: ApiClient, id: string): Promise<ApiKeyRow> => api.send("POST", `keys/${id}/revoke`);

export const listWorkers = async (api: ApiClient, signal?: AbortSignal): Promise<Worker[]> =>
  (await api.getJson<{ items: Worker[] }>("workers", signal)).items;

export const getQueue = (api: ApiClient, signal?: AbortSignal): Promise<Queue> => api.getJson("admin/queue", signal);

export const getStorage = (api: ApiClient, signal?: AbortSignal): Promise<Storage> => api.getJson("admin/storage", signal);
