import { ApiError } from "../api/apiError";
import { Sha256 } from "./sha256";
import type { Upload, UploadApi } from "./uploadApi";

const pieceBytes = 4 << 20;
const mostTries = 6;
const firstWaitMs = 500;

export interface UploadProgress {
  /** Reading the file for its hash, sending parts, or done. */
  phase: "checking" | "sending" | "done";
  /** Bytes of this phase that are behind. */
  bytes: number;
  /** Bytes that were there from an earlier attempt. */
  resumedBytes: number;
  /** Why a part is tried again. */
  retrying: string | null;
}

export interface UploadOptions {
  signal?: AbortSignal;
  /** Uploads of other files of the same dataset, which may have the same content. */
  taken?: readonly string[];
  onProgress?: (progress: UploadProgress) => void;
  /** Waits between tries; tests make it short. */
  wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/**
 * Brings a file into the service: hash, announcement, parts, check. What was sent before, in this page or in one that was closed, is found
 * by the hash and not sent again. A part that does not arrive is tried again a few times.
 * @returns The id of the completed upload.
 */
export async function uploadFile(api: UploadApi, file: File, options: UploadOptions = {}): Promise<string> {
  const { signal } = options;
  const sha256 = await hashOf(file, bytes => report(options, { phase: "checking", bytes }), signal);
  const known = await api.find(sha256, file.size, options.taken ?? [], signal);
  const upload = known ?? (await api.create(nameFor(file), file.size, sha256, signal));
  if (!upload.completed) {
    await sendParts(api, file, upload, options);
    await api.complete(upload.id, signal);
  }
  report(options, { phase: "done", bytes: file.size });
  return upload.id;
}

async function sendParts(api: UploadApi, file: File, upload: Upload, options: UploadOptions): Promise<void> {
  const received = new Set(upload.receivedParts);
  const sizeOf = (part: number) => Math.min(upload.partBytes, file.size - part * upload.partBytes);
  let bytes = [...received].reduce((sum, part) => sum + sizeOf(part), 0);
  const resumedBytes = bytes;
  report(options, { phase: "sending", bytes, resumedBytes });
  for (let part = 0; part < upload.parts; part++) {
    if (received.has(part)) {
      continue;
    }
    const start = part * upload.partBytes;
    const content = new Uint8Array(await file.slice(start, start + sizeOf(part)).arrayBuffer());
    await sendPart(api, upload.id, part, content, options, retrying =>
      report(options, { phase: "sending", bytes, resumedBytes, retrying }),
    );
    bytes += content.length;
    report(options, { phase: "sending", bytes, resumedBytes });
  }
}

async function sendPart(
  api: UploadApi,
  id: string,
  part: number,
  content: Uint8Array<ArrayBuffer>,
  { signal, wait = pause }: UploadOptions,
  onRetry: (why: string) => void,
): Promise<void> {
  const sha256 = new Sha256().update(content).digest();
  for (let attempt = 1; ; attempt++) {
    try {
      await api.putPart(id, part, content, sha256, signal);
      return;
    } catch (error) {
      if (signal?.aborted || attempt === mostTries || !mayPass(error)) {
        throw error;
      }
      onRetry(`part ${part + 1} did not arrive, try ${attempt + 1} of ${mostTries}`);
      await wait(firstWaitMs * 2 ** (attempt - 1), signal);
    }
  }
}

/** Whether the same request may succeed a moment later: no answer, too many, a service that starts anew, bytes damaged on their way. */
function mayPass(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status === 422 || error.status >= 500);
}

async function hashOf(file: File, onProgress: (bytes: number) => void, signal?: AbortSignal): Promise<string> {
  const hash = new Sha256();
  for (let at = 0; at < file.size; at += pieceBytes) {
    signal?.throwIfAborted();
    hash.update(new Uint8Array(await file.slice(at, at + pieceBytes).arrayBuffer()));
    onProgress(Math.min(file.size, at + pieceBytes));
  }
  return hash.digest();
}

function report({ onProgress }: UploadOptions, progress: Pick<UploadProgress, "phase" | "bytes"> & Partial<UploadProgress>): void {
  onProgress?.({ resumedBytes: 0, retrying: null, ...progress });
}

/** As the service takes names: no characters that a path could be made of. */
const nameFor = (file: File): string => file.name.replace(/[/\\;:\p{Cc}\p{Cs}]|\.\.+/gu, "_").trim().slice(0, 200) || "file";

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
