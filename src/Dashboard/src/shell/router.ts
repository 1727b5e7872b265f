export type Route = { page: "runs" } | { page: "run"; id: string };

/** Routes live behind the #, so that the page works wherever its files are served. */
export function parseRoute(hash: string): Route {
  const run = /^#\/runs\/([0-9a-fA-F-]{36})$/.exec(hash);
  return run ? { page: "run", id: run[1]!.toLowerCase() } : { page: "runs" };
}

export const runsLink = (): string => "#/runs";
export const runLink = (id: string): string => `#/runs/${id}`;
