import type { ProblemDetails } from "./types";

/** One thing that is wrong with a request: where, what was given, and what would be accepted. */
export interface Fault {
  path: string;
  value: string;
  allowed: string;
}

const isFault = (fault: unknown): fault is Fault =>
  typeof fault === "object" && fault !== null && ["path", "value", "allowed"].every(name => name in fault);

/** An answer that is not a success, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly faults: string[] = [],
    /** The same faults in their parts, for whoever shows each where it belongs. */
    readonly details: Fault[] = [],
  ) {
    super(message);
  }

  get isUnauthorized(): boolean {
    return this.status === 401;
  }

  static unreachable(): ApiError {
    return new ApiError(0, "The service does not answer. Is it still running?");
  }

  static from(status: number, problem: ProblemDetails | null): ApiError {
    const details = Array.isArray(problem?.errors) ? problem.errors.filter(isFault) : [];
    return new ApiError(status, problem?.detail || problem?.title || wordsFor(status), faultsOf(problem?.errors), details);
  }
}

function wordsFor(status: number): string {
  switch (status) {
    case 401:
      return "The key is not valid, or was revoked.";
    case 403:
      return "Your key may read, but not do this. Ask for a key with the role submitter or admin.";
    case 404:
      return "There is no such thing here, or your key may not see it.";
    case 409:
      return "The run's state does not allow this any more.";
    case 413:
      return "That is larger than the service accepts.";
    case 429:
      return "Too many requests. Wait a moment and try again.";
    default:
      return status >= 500 ? `The service failed (${status}). Its log says why.` : `The service refused this (${status}).`;
  }
}

/** Faults come as a list of objects or texts, or as a map from path to texts. */
function faultsOf(errors: unknown): string[] {
  if (Array.isArray(errors)) {
    return errors.map(fault =>
      typeof fault === "object" && fault !== null ? describe(fault as Record<string, unknown>) : String(fault),
    );
  }
  if (typeof errors === "object" && errors !== null) {
    return Object.entries(errors).flatMap(([path, texts]) => [texts].flat().map(text => `${path}: ${String(text)}`));
  }
  return [];
}

function describe(fault: Record<string, unknown>): string {
  const { message, path, value, allowed } = fault;
  return String(message ?? `${String(path)} is ${String(value)}; allowed: ${String(allowed)}`);
}

/** Words to show for anything that was thrown. */
export function describeError(error: unknown): string {
  if (error instanceof ApiError) {
    return [error.message, ...error.faults].join("\n");
  }
  return error instanceof Error ? error.message : String(error);
}
