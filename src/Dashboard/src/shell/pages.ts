import { openRunsPage } from "../pages/runs/runsPage";
import type { PageContext, PageView } from "./page";
import type { Role } from "./roles";
import { isId, type Route } from "./router";

/** A page that the shell can show. */
export interface PageEntry {
  /** First part of the path behind the #. */
  page: string;
  /** In the navigation. */
  label: string;
  /** Who sees it; the service checks all the same. */
  role: Role;
  /**
   * Opens it. Everything but the first page comes by dynamic import, so that the first paint does not wait for it.
   * @returns Null when the route names nothing that is there.
   */
  open(context: PageContext, route: Route): PageView | Promise<PageView> | null;
}

/** In the order of the navigation; the first one is shown when the address names none. */
export const pages: readonly PageEntry[] = [
  {
    page: "runs",
    label: "Runs",
    role: "viewer",
    open: (context, route) => {
      const [id, ...more] = route.rest;
      return id === undefined
        ? openRunsPage(context, route)
        : isId(id) && more.length === 0
          ? import("../pages/run/runPage").then(({ openRunPage }) => openRunPage(context, id.toLowerCase()))
          : null;
    },
  },
  {
    page: "new",
    label: "New run",
    role: "submitter",
    open: (context, route) =>
      route.rest.length === 0 ? import("../pages/newRun/newRunPage").then(({ openNewRunPage }) => openNewRunPage(context, route)) : null,
  },
  {
    page: "compare",
    label: "Compare",
    role: "viewer",
    open: (context, route) =>
      route.rest.length === 0
        ? import("../pages/compare/comparePage").then(({ openComparePage }) => openComparePage(context, route))
        : null,
  },
  {
    page: "datasets",
    label: "Datasets",
    role: "viewer",
    open: (context, route) =>
      route.rest.length === 0 || (route.rest.length === 1 && isId(route.rest[0]))
        ? import("../pages/datasets/datasetsPage").then(({ openDatasetsPage }) => openDatasetsPage(context, route))
        : null,
  },
  {
    page: "models",
    label: "Models",
    role: "viewer",
    open: (context, route) =>
      route.rest.length === 0 || (route.rest.length === 1 && isId(route.rest[0]))
        ? import("../pages/models/modelsPage").then(({ openModelsPage }) => openModelsPage(context, route))
        : null,
  },
  {
    page: "admin",
    label: "Admin",
    role: "admin",
    open: (context, route) =>
      route.rest.length === 0 ? import("../pages/admin/adminPage").then(({ openAdminPage }) => openAdminPage(context)) : null,
  },
];

export const findPage = (route: Route): PageEntry | undefined =>
  route.page === "" ? pages[0] : pages.find(entry => entry.page === route.page);
