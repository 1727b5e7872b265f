import { ApiError } from "../../api/apiError";
import { deleteDataset, getDatasetDetails, type DatasetDetails } from "../../api/datasets";
import { formatBytes, formatInteger, formatPercent, formatTime } from "../../format/format";
import type { PageContext, PageView } from "../../shell/page";
import { datasetsLink, newRunLink } from "../../shell/router";
import { confirmAction } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { createErrorNotice } from "../../ui/notice";
import { createPanel } from "../../ui/panel";
import { showToast } from "../../ui/toast";
import { createColumnsPanel } from "./columnsPanel";
import { createRowsPanel } from "./rowsPanel";

const classesShown = 40;

export function openDatasetPage(context: PageContext, id: string): PageView {
  const page = new DatasetPage(context, id);
  void page.open();
  return { title: "Dataset", element: page.element, dispose: () => page.dispose() };
}

class DatasetPage {
  readonly element = h("div", { class: "page", attrs: { "aria-busy": "true" } });
  private readonly abort = new AbortController();
  private readonly notice = h("div", {});

  constructor(
    private readonly context: PageContext,
    private readonly id: string,
  ) {}

  async open(): Promise<void> {
    try {
      const dataset = await getDatasetDetails(this.context.api, this.id, this.abort.signal);
      document.title = `${dataset.name} · SparseService`;
      this.show(dataset);
    } catch (error) {
      if (!this.abort.signal.aborted) {
        const missing = error instanceof ApiError && (error.status === 404 || error.status === 400);
        this.element.replaceChildren(
          createErrorNotice(
            missing ? "There is no such dataset" : "The dataset could not be read",
            error,
            missing ? undefined : () => void this.open(),
          ),
          h("p", {}, h("a", { href: datasetsLink() }, "All datasets")),
        );
      }
    } finally {
      this.element.removeAttribute("aria-busy");
    }
  }

  dispose(): void {
    this.abort.abort();
  }

  private show(dataset: DatasetDetails): void {
    const { api } = this.context;
    const train = h("a", { class: "button primary needs-submitter", href: `${newRunLink()}?dataset=${dataset.id}` }, "Train on it");
    const remove = h("button", { class: "button needs-submitter", on: { click: () => void this.remove(dataset, remove) } }, "Delete");
    this.element.replaceChildren(
      h(
        "div",
        { class: "page-head" },
        h("nav", { class: "crumbs", attrs: { "aria-label": "Breadcrumb" } }, h("a", { href: datasetsLink() }, "Datasets"), "/"),
        h("h1", {}, dataset.name),
        h("span", { class: "muted" }, `version ${dataset.version}`),
        h("div", { class: "page-actions" }, train, remove),
      ),
      this.notice,
      createFacts(dataset),
      h(
        "div",
        { class: "grid" },
        createRowsPanel(api, dataset, this.abort.signal),
        createBalancePanel(dataset),
        createColumnsPanel(api, dataset, this.abort.signal),
      ),
    );
  }

  private async remove(dataset: DatasetDetails, button: HTMLButtonElement): Promise<void> {
    const text =
      `"${dataset.name}", version ${dataset.version}, with ${formatInteger(dataset.rows)} rows goes for good. ` +
      "A dataset that runs were trained on cannot be deleted.";
    if (!(await confirmAction("Delete this dataset?", text, "Delete", true))) {
      return;
    }
    button.disabled = true;
    try {
      await deleteDataset(this.context.api, dataset.id);
      showToast(`${dataset.name} was deleted.`);
      window.location.hash = datasetsLink();
    } catch (error) {
      button.disabled = false;
      this.notice.replaceChildren(createErrorNotice("The dataset was not deleted", explain(error)));
      this.notice.scrollIntoView({ block: "nearest" });
    }
  }
}

/** Refusals in words; what to do about them besides. */
function explain(error: unknown): unknown {
  if (error instanceof ApiError && error.status === 409) {
    const runs = error.details.find(({ path }) => path === "runs")?.value ?? "Some";
    const [noun, they] = runs === "1" ? ["run was", "it"] : ["runs were", "them"];
    return new Error(`${runs} ${noun} trained on it, and the service keeps a run's data for as long as the run. Delete ${they} first.`);
  }
  if (error instanceof ApiError && error.status === 403) {
    return new Error("It belongs to another key. That key, or one with the role admin, may delete it.");
  }
  return error;
}

function createFacts(dataset: DatasetDetails): HTMLElement {
  const { imageHeight, imageWidth, imageChannels, testRows } = dataset;
  const channels = imageChannels === 1 ? "" : ` × ${imageChannels}`;
  const shape = imageHeight && imageWidth ? `${imageWidth} × ${imageHeight}${channels} pixels` : "";
  const facts: [string, string, string][] = [
    ["Training rows", formatInteger(dataset.trainRows), ""],
    ["Test rows", formatInteger(testRows), testRows === 0 ? "a run holds a share out" : ""],
    ["Features", formatInteger(dataset.features), shape],
    ["Labels", dataset.classes === 0 ? "numbers" : `${formatInteger(dataset.classes)} classes`, ""],
    ["Size", formatBytes(dataset.bytes), dataset.format ? `from ${dataset.format}` : "generated"],
    ["Created", formatTime(dataset.createdAt), `content ${dataset.contentHash.slice(0, 12)}`],
  ];
  return h(
    "dl",
    { class: "tiles" },
    facts.map(([label, value, note]) =>
      h("div", { class: "tile" }, h("dt", {}, label), h("dd", { class: "tile-value" }, value), h("dd", { class: "tile-note" }, note)),
    ),
  );
}

function createBalancePanel(dataset: DatasetDetails): HTMLElement {
  const { element, body } = createPanel("Class balance", "span-5", "rows of each class, training and test");
  const { classCounts, classNames = [] } = dataset;
  if (classCounts.length === 0) {
    body.append(h("p", { class: "muted small" }, "The labels are numbers to predict; there are no classes."));
    return element;
  }
  const most = Math.max(...classCounts, 1);
  const items = classCounts.slice(0, classesShown).map((count, index) =>
    h(
      "li",
      { class: "balance-item" },
      h("span", { class: "balance-name" }, classNames[index] ?? String(index)),
      h("span", { class: "balance-bar" }, h("i", { style: { width: `${(count / most) * 100}%` } })),
      h(
        "span",
        { class: "balance-count" },
        `${formatInteger(count)} `,
        h("span", { class: "muted" }, formatPercent(count / dataset.rows, 1)),
      ),
    ),
  );
  body.append(h("ul", { class: "balance" }, items));
  if (classCounts.length > classesShown) {
    body.append(h("p", { class: "muted small" }, `and ${formatInteger(classCounts.length - classesShown)} classes more`));
  }
  return element;
}
