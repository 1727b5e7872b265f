import { listModels, type Model } from "../../api/models";
import { formatCount, formatPercent, formatTime } from "../../format/format";
import type { PageContext, PageView } from "../../shell/page";
import { modelLink, runLink, runsLink } from "../../shell/router";
import { h, setText } from "../../ui/dom";
import { createEmpty, createErrorNotice } from "../../ui/notice";
import { createDenseBar } from "./denseBar";

const pageSize = 50;

export function openModelListPage(context: PageContext): PageView {
  const page = new ModelListPage(context);
  void page.load();
  return { title: "Models", element: page.element, dispose: () => page.dispose() };
}

class ModelListPage {
  readonly element: HTMLElement;
  private readonly abort = new AbortController();
  private readonly count = h("span", { class: "muted", attrs: { role: "status" } });
  private readonly content = h("div", { attrs: { "aria-busy": "true" } });
  private readonly rows = h("tbody", {});
  private readonly more = h("button", { class: "button", hidden: true, on: { click: () => void this.load() } }, "Show older models");
  private cursor: string | undefined;

  constructor(private readonly context: PageContext) {
    this.element = h(
      "div",
      { class: "page" },
      h("div", { class: "page-head" }, h("h1", {}, "Models"), this.count),
      this.content,
      this.more,
    );
  }

  dispose(): void {
    this.abort.abort();
  }

  async load(): Promise<void> {
    this.more.disabled = true;
    try {
      const page = await listModels(this.context.api, pageSize, this.cursor, this.abort.signal);
      this.cursor = page.nextCursor ?? undefined;
      this.rows.append(...page.items.map(createRow));
      this.draw();
    } catch (error) {
      if (!this.abort.signal.aborted) {
        this.content.replaceChildren(createErrorNotice("The models could not be read", error, () => void this.load()));
      }
    } finally {
      this.more.disabled = false;
      this.content.removeAttribute("aria-busy");
    }
  }

  private draw(): void {
    const shown = this.rows.children.length;
    this.more.hidden = this.cursor === undefined;
    setText(this.count, shown === 0 ? "" : `${shown}${this.cursor === undefined ? "" : "+"}`);
    this.content.replaceChildren(
      shown > 0
        ? createTable(this.rows)
        : createEmpty(
            "No models yet",
            "A run that succeeds leaves its model here. A checkpoint of any run can be promoted to one on the run's page.",
            h("a", { class: "button primary", href: runsLink() }, "Go to the runs"),
          ),
    );
  }
}

function createTable(rows: HTMLElement): HTMLElement {
  const headings: [text: string, isNumber: boolean][] = [
    ["Model", false],
    ["Dataset", false],
    ["Test accuracy", true],
    ["Connections", true],
    ["Density", true],
    ["Size against dense", false],
    ["Made", true],
  ];
  return h(
    "div",
    { class: "panel table-panel table-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": "Models" } },
    h(
      "table",
      { class: "table cards-table models-table" },
      h("thead", {}, h("tr", {}, headings.map(([text, isNumber]) => h("th", { class: isNumber ? "num" : "", scope: "col" }, text)))),
      rows,
    ),
  );
}

function createRow(model: Model): HTMLElement {
  const number = (label: string, text: string) => {
    const cell = h("td", { class: "num" }, text);
    cell.dataset["label"] = label;
    return cell;
  };
  return h(
    "tr",
    {},
    h(
      "th",
      { class: "cell-name", scope: "row" },
      h("a", { class: "strong", href: modelLink(model.id) }, model.name),
      h(
        "div",
        { class: "cell-detail in-text" },
        "run ",
        h("a", { href: runLink(model.runId) }, model.runName ?? model.runId.slice(0, 8)),
        `, epoch ${model.epoch}`,
      ),
    ),
    h("td", {}, model.datasetName),
    number("Test accuracy", formatPercent(model.testAccuracy)),
    number("Connections", formatCount(model.nnz)),
    number("Density", formatPercent(model.nnz / model.denseParameters)),
    h("td", { class: "cell-dense" }, createDenseBar(model)),
    number("Made", formatTime(model.createdAt)),
  );
}
