import type { PageContext, PageView } from "../../shell/page";
import type { Route } from "../../shell/router";
import "../../styles/datasets.css";
import { openDatasetPage } from "./datasetPage";
import { openDatasetListPage } from "./datasetListPage";

/** `#/datasets` is the list, `#/datasets/<id>` one of them. */
export const openDatasetsPage = (context: PageContext, { rest: [id] }: Route): PageView =>
  id === undefined ? openDatasetListPage(context) : openDatasetPage(context, id.toLowerCase());
