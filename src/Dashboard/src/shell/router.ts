/** Where the page is. Routes live behind the #, so that the page works wherever its files are served. */
export interface Route {
  /** First part of the path: "runs" of "#/runs/0198…?x=1". */
  page: string;
  /** The parts behind it, decoded. */
  rest: string[];
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s, 2);
  const [page = "", ...rest] = path.split("/").filter(part => part !== "").map(decode);
  return { page, rest, query: new URLSearchParams(query) };
}

/** Writes the route into the address without opening a page anew: for filters and selections that a reload shall keep. */
export function replaceAddress(hash: string): void {
  window.history.replaceState(window.history.state, "", hash);
}

const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const isId = (text: string | undefined): text is string => text !== undefined && idForm.test(text);

export const runsLink = (): string => "#/runs";
export const runLink = (id: string): string => `#/runs/${id}`;
export const newRunLink = (): string => "#/new";
export const compareLink = (ids: Iterable<string>): string => {
  const list = [...ids].join(",");
  return list === "" ? "#/compare" : `#/compare?runs=${list}`;
};
export const datasetsLink = (): string => "#/datasets";
export const datasetLink = (id: string): string => `#/datasets/${id}`;
export const modelsLink = (): string => "#/models";
export const modelLink = (id: string): string => `#/models/${id}`;
export const adminLink = (): string => "#/admin";

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A lone % that somebody typed.
  }
}
