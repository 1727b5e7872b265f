import { describe, expect, it } from "vitest";
import { compareLink, isId, parseRoute, runLink } from "./router";

describe("parseRoute", () => {
  const id = "0198f3a2-1111-7abc-8def-0123456789ab";
  it("finds page and id", () => {
    const route = parseRoute(runLink(id));
    expect([route.page, route.rest]).toEqual(["runs", [id]]);
    expect(isId(route.rest[0])).toBe(true);
  });
  it("reads the query", () => expect(parseRoute(compareLink([id, "b"])).query.get("runs")).toBe(`${id},b`));
  it("keeps question marks of the query", () => expect(parseRoute("#/runs?search=a?b").query.get("search")).toBe("a?b"));
  it.each(["", "#", "#/"])("takes %s for no page", hash => expect(parseRoute(hash).page).toBe(""));
  it("bears a broken escape", () => expect(parseRoute("#/models/%zz").rest).toEqual(["%zz"]));
  it.each(["../x", "1", undefined])("takes %s for no id", text => expect(isId(text)).toBe(false));
});
