import { ApiError } from "./apiError";
import type {
  Checkpoint,
  Dataset,
  LayerStatistics,
  MetricSeries,
  NetworkStatistics,
  OwnKey,
  Page,
  ProblemDetails,
  Run,
  RunEvent,
  RunSpec,
} from "./types";

/** Every request of the page goes through here; a 401 ends the session. */
export class ApiClient {
  constructor(
    private readonly key: string,
    private readonly onUnauthorized: () => void = () => {},
  ) {}

  /** Whose key this is; the cheapest way to find out whether it is good. */
  getOwnKey(): Promise<OwnKey> {
    return this.getJson("keys/self");
  }

  /** @param query Filters and order, as the API names them. */
  listRuns(query: URLSearchParams, limit: number, cursor?: string, signal?: AbortSignal): Promise<Page<Run>> {
    const all = new URLSearchParams(query);
    all.set("limit", String(limit));
    if (cursor) {
      all.set("cursor", cursor);
    }
    return this.getJson(`runs?${all.toString()}`, signal);
  }

  getRun(id: string, signal?: AbortSignal): Promise<Run> {
    return this.getJson(`runs/${id}`, signal);
  }

  createRun(spec: RunSpec, idempotencyKey: string): Promise<Run> {
    return this.send("POST", "runs", { body: spec, headers: { "Idempotency-Key": idempotencyKey } });
  }

  async steerRun(id: string, verb: "pause" | "resume" | "cancel"): Promise<void> {
    await this.request("POST", `runs/${id}/${verb}`);
  }

  async deleteRun(id: string): Promise<void> {
    await this.request("DELETE", `runs/${id}`);
  }

  forkRun(id: string, fork: { checkpointId: string; name?: string; epochs?: number }, idempotencyKey: string): Promise<Run> {
    return this.send("POST", `runs/${id}/fork`, { body: fork, headers: { "Idempotency-Key": idempotencyKey } });
  }

  /** @param from First epoch (or step) that is wanted. */
  async getMetrics(id: string, series: readonly string[], maxPoints: number, signal?: AbortSignal, from = 1): Promise<MetricSeries> {
    const query = `series=${series.map(encodeURIComponent).join(",")}&maxPoints=${maxPoints}&from=${from}`;
    return this.getJson(`runs/${id}/metrics?${query}`, signal);
  }

  getStatistics(id: string, epoch?: number, signal?: AbortSignal): Promise<NetworkStatistics> {
    return this.getJson(`runs/${id}/statistics${epoch === undefined ? "" : `?epoch=${epoch}`}`, signal);
  }

  /** Layers of evenly spaced epochs, without lists of single neurons. */
  listStatistics(id: string, maxEpochs: number, signal?: AbortSignal): Promise<{ epoch: number; layers: LayerStatistics[] }[]> {
    return this.getJson(`runs/${id}/statistics/history?maxEpochs=${maxEpochs}`, signal);
  }

  async listEvents(id: string, after: number, signal?: AbortSignal): Promise<RunEvent[]> {
    return (await this.getJson<Page<RunEvent>>(`runs/${id}/events?after=${after}&limit=1000`, signal)).items;
  }

  async listCheckpoints(id: string, signal?: AbortSignal): Promise<Checkpoint[]> {
    return (await this.getJson<Page<Checkpoint>>(`runs/${id}/checkpoints`, signal)).items;
  }

  /** The newest datasets, as many as a page holds. */
  async listDatasets(signal?: AbortSignal): Promise<Dataset[]> {
    return (await this.getJson<Page<Dataset>>("datasets?limit=200", signal)).items;
  }

  /** Makes a model of a checkpoint; asked again, it is the same one. */
  async promoteCheckpoint(id: string): Promise<void> {
    await this.request("POST", `checkpoints/${id}/promote`);
  }

  getDataset(id: string, signal?: AbortSignal): Promise<Dataset> {
    return this.getJson(`datasets/${id}`, signal);
  }

  /** Downloads with the key in a header, so that no link ever carries it. */
  async download(path: string): Promise<Blob> {
    return (await this.request("GET", path)).blob();
  }

  getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.send("GET", path, signal ? { signal } : {});
  }

  async send<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    return (await this.request(method, path, options)).json() as Promise<T>;
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const headers: Record<string, string> = { ...(this.key && { Authorization: `Bearer ${this.key}` }), ...options.headers };
    const init: RequestInit = { method, headers, credentials: "omit", cache: "no-store" };
    if (options.body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(options.body);
    }
    if (options.bytes !== undefined) {
      headers["Content-Type"] ??= "application/octet-stream";
      init.body = options.bytes;
    }
    if (options.signal) {
      init.signal = options.signal;
    }
    const response = await fetch(`/v1/${path}`, init).catch((error: unknown) => {
      throw options.signal?.aborted ? error : ApiError.unreachable();
    });
    if (response.ok) {
      return response;
    }
    if (response.status === 401) {
      this.onUnauthorized();
    }
    throw ApiError.from(response.status, await readProblem(response));
  }
}

export interface RequestOptions {
  body?: unknown;
  /** Sent as it is, in place of body. */
  bytes?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Turns the token of a start-up link into a key; nobody is signed in yet. */
export async function exchangeStartToken(token: string): Promise<string> {
  const answer = await new ApiClient("").send<{ secret: string }>("POST", "keys/exchange", { body: { token } });
  return answer.secret;
}

async function readProblem(response: Response): Promise<ProblemDetails | null> {
  try {
    return (await response.json()) as ProblemDetails;
  } catch {
    return null; // Not every proxy answers with problem details.
  }
}
