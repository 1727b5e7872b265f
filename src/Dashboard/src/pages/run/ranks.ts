/** One worker of a parallel run in one epoch; of many the minimum, mean and maximum (docs/events.md). */
export interface RankShare {
  name: string;
  samples: number;
  bytesSent: number;
  messagesSent: number;
  waitingShare: number;
}

export interface Ranks {
  epoch: number;
  count: number;
  shown: RankShare[];
  /** Entry s counts the updates that were s updates old. */
  staleness?: number[];
}

/** The ranks of an epoch event, or null when it has none. */
export function ranksOf(payload: Record<string, unknown>): Ranks | null {
  const ranks = payload["ranks"] as Omit<Ranks, "epoch"> | undefined;
  return ranks ? { ...ranks, epoch: Number(payload["epoch"]) } : null;
}
