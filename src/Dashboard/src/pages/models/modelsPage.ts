import "../../styles/models.css";
import type { PageContext, PageView } from "../../shell/page";
import type { Route } from "../../shell/router";
import { openModelListPage } from "./modelListPage";
import { openModelPage } from "./modelPage";

/** `#/models`, or one of them: `#/models/ID`. */
export function openModelsPage(context: PageContext, route: Route): PageView {
  const [id] = route.rest;
  return id === undefined ? openModelListPage(context) : openModelPage(context, id.toLowerCase());
}
