import type { ApiClient } from "../api/client";
import type { Page } from "../api/types";

export interface Upload {
  id: string;
  fileName: string;
  bytes: number;
  sha256: string;
  partBytes: number;
  parts: number;
  receivedParts: number[];
  completed: boolean;
  createdAt: string;
  expiresAt: string;
}

/** What the way of a file into the service needs of its API. */
export class UploadApi {
  constructor(private readonly api: ApiClient) {}

  /** Uploads of this key that were not used yet. */
  async list(signal?: AbortSignal): Promise<Upload[]> {
    return (await this.api.getJson<Page<Upload>>("uploads?limit=100", signal)).items;
  }

  /** An upload of the same content that was begun before; null when there is none. @param taken Ids that are used already. */
  async find(sha256: string, bytes: number, taken: readonly string[], signal?: AbortSignal): Promise<Upload | null> {
    const { items } = await this.api.getJson<Page<Upload>>(`uploads?sha256=${sha256}`, signal);
    return items.find(upload => upload.bytes === bytes && !taken.includes(upload.id)) ?? null;
  }

  create(fileName: string, bytes: number, sha256: string, signal?: AbortSignal): Promise<Upload> {
    return this.api.send("POST", "uploads", { body: { fileName, bytes, sha256 }, ...(signal && { signal }) });
  }

  async putPart(id: string, number: number, bytes: Uint8Array<ArrayBuffer>, sha256: string, signal?: AbortSignal): Promise<void> {
    await this.api.request("PUT", `uploads/${id}/parts/${number}`, {
      bytes,
      headers: { "X-Part-Sha256": sha256 },
      ...(signal && { signal }),
    });
  }

  async complete(id: string, signal?: AbortSignal): Promise<void> {
    await this.api.request("POST", `uploads/${id}/complete`, signal ? { signal } : {});
  }

  async remove(id: string): Promise<void> {
    await this.api.request("DELETE", `uploads/${id}`);
  }
}
