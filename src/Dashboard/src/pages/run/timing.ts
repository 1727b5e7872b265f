import type { Run } from "../../api/types";
import { formatDuration } from "../../format/format";
import { isActive } from "../../ui/stateChip";

/** Seconds from the first start to the end, or to now while the run goes on. */
export function durationSeconds(run: Run, now: number): number | null {
  if (!run.startedAt) {
    return null;
  }
  const end = run.finishedAt ? Date.parse(run.finishedAt) : run.state === "paused" ? null : now;
  return end === null ? null : Math.max(0, (end - Date.parse(run.startedAt)) / 1000);
}

/**
 * Seconds until the last epoch: by the pace of the epochs that the page has seen, else the service's own estimate, else the mean
 * since the start.
 * @param share Part that is done, 0 to 1.
 */
export function remainingSeconds(run: Run, share: number, now: number, secondsPerEpoch?: number): number | null {
  if (run.state !== "running" || share <= 0 || share >= 1) {
    return null;
  }
  if (secondsPerEpoch !== undefined) {
    return secondsPerEpoch * run.epochsTotal * (1 - share);
  }
  if (typeof run.remainingSeconds === "number") {
    return run.remainingSeconds;
  }
  const elapsed = durationSeconds(run, now);
  return elapsed === null ? null : (elapsed / share) * (1 - share);
}

/** The words beside a progress bar. */
export function progressNote(run: Run, share: number, now: number, secondsPerEpoch?: number): string {
  switch (run.state) {
    case "queued":
      return "waiting for a worker";
    case "starting":
      return "reading the data";
    case "running": {
      const left = remainingSeconds(run, share, now, secondsPerEpoch);
      return left === null ? "" : `${formatDuration(Math.max(1, left))} left`;
    }
    case "pausing":
    case "stopping":
      return "after this step";
    default:
      return isActive(run.state) || share >= 1 ? "" : `${Math.round(share * 100)} %`;
  }
}
