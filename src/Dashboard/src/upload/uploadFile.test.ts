import { describe, expect, it } from "vitest";
import { ApiError } from "../api/apiError";
import { Sha256 } from "./sha256";
import type { Upload, UploadApi } from "./uploadApi";
import { uploadFile, type UploadProgress } from "./uploadFile";

const content = Uint8Array.from({ length: 1050 }, (_, index) => index % 251);
const file = new File([content], "train: a/b.csv");
const sha256 = new Sha256().update(content).digest();

/** A service that keeps parts of 100 bytes. */
class Service {
  readonly parts = new Map<number, Uint8Array>();
  completed = false;
  created: string[] = [];
  sent: number[] = [];
  failures: ApiError[] = [];

  get api(): UploadApi {
    return {
      find: () => Promise.resolve(this.created.length > 0 ? this.upload() : null),
      create: (name: string) => {
        this.created.push(name);
        return Promise.resolve(this.upload());
      },
      putPart: (_id: string, part: number, bytes: Uint8Array, hash: string) => {
        const failure = this.failures.shift();
        if (failure) {
          return Promise.reject(failure);
        }
        expect(hash).toBe(new Sha256().update(bytes).digest());
        this.sent.push(part);
        this.parts.set(part, bytes);
        return Promise.resolve();
      },
      complete: () => {
        this.completed = true;
        return Promise.resolve();
      },
    } as unknown as UploadApi;
  }

  private upload(): Upload {
    return {
      id: "u",
      fileName: "",
      bytes: content.length,
      sha256,
      partBytes: 100,
      parts: 11,
      receivedParts: [...this.parts.keys()],
      completed: this.completed,
      createdAt: "",
      expiresAt: "",
    };
  }
}

const wait = () => Promise.resolve();

describe("uploadFile", () => {
  it("sends all parts once and says how far it is", async () => {
    const service = new Service();
    const seen: UploadProgress[] = [];
    expect(await uploadFile(service.api, file, { wait, onProgress: progress => seen.push(progress) })).toBe("u");
    expect([...service.parts.values()].flatMap(part => [...part])).toEqual([...content]);
    expect(service.created).toEqual(["train_ a_b.csv"]);
    expect(seen.at(0)).toMatchObject({ phase: "checking", bytes: 1050 });
    expect(seen.filter(({ phase }) => phase === "sending").map(({ bytes }) => bytes)).toEqual([
      0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1050,
    ]);
  });

  it("goes on where an earlier page was cut off", async () => {
    const service = new Service();
    service.failures = [];
    service.created.push("before");
    [0, 1, 4].forEach(part => service.parts.set(part, content.slice(part * 100, part * 100 + 100)));
    const seen: UploadProgress[] = [];
    await uploadFile(service.api, file, { wait, onProgress: progress => seen.push(progress) });
    expect(service.sent).toEqual([2, 3, 5, 6, 7, 8, 9, 10]);
    expect(service.created).toEqual(["before"]);
    expect(seen.find(({ phase }) => phase === "sending")).toMatchObject({ bytes: 300, resumedBytes: 300 });
  });

  it("tries a part again that did not arrive, and says so", async () => {
    const service = new Service();
    service.failures = [ApiError.unreachable(), new ApiError(503, "busy")];
    const seen: UploadProgress[] = [];
    await uploadFile(service.api, file, { wait, onProgress: progress => seen.push(progress) });
    expect(service.completed).toBe(true);
    expect(seen.filter(({ retrying }) => retrying).map(({ retrying }) => retrying)).toEqual([
      "part 1 did not arrive, try 2 of 6",
      "part 1 did not arrive, try 3 of 6",
    ]);
  });

  it("gives up on what will not pass, and after some tries", async () => {
    const refused = new Service();
    refused.failures = [new ApiError(403, "not yours")];
    await expect(uploadFile(refused.api, file, { wait })).rejects.toThrow("not yours");
    const dead = new Service();
    dead.failures = Array.from({ length: 6 }, () => ApiError.unreachable());
    await expect(uploadFile(dead.api, file, { wait })).rejects.toThrow("does not answer");
    expect(dead.failures).toEqual([]);
  });
});
