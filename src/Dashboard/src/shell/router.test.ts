import { describe, expect, it } from "vitest";
import { parseRoute, runLink } from "./router";

describe("parseRoute", () => {
  const id = "0198f3a2-1111-7abc-8def-0123456789ab";
  it("finds a run", () => expect(parseRoute(runLink(id))).toEqual({ page: "run", id }));
  it.each(["", "#/runs", "#/runs/../x", "#/runs/1"])("takes %s for the list", hash =>
    expect(parseRoute(hash)).toEqual({ page: "runs" }),
  );
});
