import type { DatasetDetails } from "../../api/datasets";
import { listDatasets } from "../../api/datasets";
import { formatBytes, formatCount, formatInteger, formatTime } from "../../format/format";
import type { PageContext, PageView } from "../../shell/page";
import { allows } from "../../shell/roles";
import { datasetLink } from "../../shell/router";
import { h, setText } from "../../ui/dom";
import { createDropZone } from "../../ui/dropZone";
import { createEmpty, createErrorNotice } from "../../ui/notice";
import { createGeneratePanel } from "./generatePanel";
import { UnfinishedUploads } from "./unfinishedUploads";
import { UploadPanel } from "./uploadPanel";

const pageSize = 50;

export function openDatasetListPage(context: PageContext): PageView {
  const page = new DatasetListPage(context);
  void page.open();
  return { title: "Datasets", element: page.element, dispose: () => page.dispose() };
}

class DatasetListPage {
  readonly element: HTMLElement;
  private readonly abort = new AbortController();
  private readonly count = h("span", { class: "muted" });
  private readonly making = h("div", { class: "dataset-making" });
  private readonly list = h("div", { attrs: { "aria-busy": "true" } });
  private readonly body = h("tbody", {});
  private readonly more = h(
    "button",
    { class: "button", hidden: true, on: { click: () => void this.load() } },
    "Show older datasets",
  );
  private readonly endings: (() => void)[] = [];
  private cursor: string | undefined;
  private shown = 0;

  constructor(private readonly context: PageContext) {
    this.element = h(
      "div",
      { class: "page" },
      h("div", { class: "page-head" }, h("h1", {}, "Datasets"), this.count),
      this.making,
      this.list,
      this.more,
    );
  }

  async open(): Promise<void> {
    void this.offerUpload();
    await this.load();
  }

  dispose(): void {
    this.abort.abort();
    this.endings.forEach(end => end());
  }

  /** Who may only look is not shown what would be refused. */
  private async offerUpload(): Promise<void> {
    if (!allows(await this.context.role, "submitter") || this.abort.signal.aborted) {
      return;
    }
    const unfinished = new UnfinishedUploads(this.context.api);
    const done = (dataset: DatasetDetails) => {
      window.location.hash = datasetLink(dataset.id);
    };
    const upload = new UploadPanel(this.context.api, done, () => void unfinished.refresh());
    const zone = createDropZone(
      "Drop the files of a dataset here",
      "IDX, CSV or TSV, LibSVM, NPY, NPZ or plain matrices, each also as .gz. " +
        "An upload that was cut off goes on when its files are dropped again.",
      "Choose files",
      files => upload.take(files),
    );
    this.endings.push(
      () => zone.dispose(),
      () => upload.dispose(),
    );
    this.making.replaceChildren(zone.element, upload.element, unfinished.element, createGeneratePanel(this.context.api, done));
    await unfinished.refresh();
  }

  private async load(): Promise<void> {
    this.more.disabled = true;
    try {
      const page = await listDatasets(this.context.api, pageSize, this.cursor, this.abort.signal);
      this.cursor = page.nextCursor ?? undefined;
      this.body.append(...page.items.map(createRow));
      this.shown += page.items.length;
      this.show();
    } catch (error) {
      if (!this.abort.signal.aborted) {
        this.list.replaceChildren(createErrorNotice("The datasets could not be read", error, () => void this.load()));
      }
    } finally {
      this.more.disabled = false;
    }
  }

  private show(): void {
    this.list.removeAttribute("aria-busy");
    this.more.hidden = this.cursor === undefined;
    setText(this.count, this.shown === 0 ? "" : `${this.shown}${this.cursor === undefined ? "" : "+"}`);
    if (this.shown === 0) {
      const text = "Drop files above, or let the service draw a dataset of its own. A run can also name a generated dataset in its spec.";
      this.list.replaceChildren(h("div", { class: "panel" }, createEmpty("No datasets yet", text)));
    } else if (!this.body.isConnected) {
      this.list.replaceChildren(createTable(this.body));
    }
  }
}

const columns = ["Name", "Rows", "Test rows", "Features", "Classes", "Size", "Created"];

function createTable(body: HTMLElement): HTMLElement {
  const heads = columns.map((label, index) => h("th", { class: index === 0 ? "" : "num", scope: "col" }, label));
  return h(
    "div",
    { class: "panel table-panel" },
    h(
      "table",
      { class: "table cards-table" },
      h("caption", { class: "sr-only" }, "Datasets, newest first"),
      h("thead", {}, h("tr", {}, heads)),
      body,
    ),
  );
}

function createRow(dataset: DatasetDetails): HTMLElement {
  const texts = [
    formatInteger(dataset.rows),
    formatInteger(dataset.testRows),
    formatCount(dataset.features),
    dataset.classes === 0 ? "numbers" : formatInteger(dataset.classes),
    formatBytes(dataset.bytes),
    formatTime(dataset.createdAt),
  ];
  return h(
    "tr",
    {},
    h(
      "th",
      { class: "cell-name", scope: "row" },
      h("a", { href: datasetLink(dataset.id) }, dataset.name),
      h("div", { class: "cell-detail" }, `version ${dataset.version}${dataset.format ? "" : " · generated"}`),
    ),
    texts.map((text, index) => h("td", { class: "num", attrs: { "data-label": columns[index + 1]! } }, text)),
  );
}
