import type { RunEvent } from "../../api/types";
import { ApiError } from "../../api/apiError";
import { RunFeed } from "../../live/runFeed";
import type { PageContext, PageView } from "../../shell/page";
import { runsLink } from "../../shell/router";
import { h } from "../../ui/dom";
import { CurveSettings } from "../../ui/curveSettings";
import { createErrorNotice } from "../../ui/notice";
import { isActive } from "../../ui/stateChip";
import { createCheckpointsPanel } from "./checkpointsPanel";
import { createAccuracyPanel, createLossPanel } from "./curvesPanel";
import { createEventsPanel } from "./eventsPanel";
import { createDegreesPanel } from "./degreesPanel";
import { createEpochBar } from "./epochBar";
import { createConnectionsPanel, createIdlePanel, createLayerChartPanel, createTurnoverPanel } from "./evolutionPanel";
import { createHeadPanel } from "./headPanel";
import { createInputPanel } from "./inputPanel";
import { createLayersPanel } from "./layersPanel";
import { createNeuronsPanel } from "./neuronsPanel";
import { createRanksPanel } from "./ranksPanel";
import { createResourcesPanel } from "./resourcesPanel";
import { RunLoader } from "./runLoader";
import { RunModel, type Topic } from "./runModel";
import type { RunPanel } from "./runPanel";
import { createSpecPanel } from "./specPanel";
import { createTilesPanel } from "./tilesPanel";

export function openRunPage(context: PageContext, id: string): PageView {
  const page = new RunPage(context, id);
  void page.open();
  return { title: "Run", element: page.element, dispose: () => page.dispose() };
}

class RunPage {
  readonly element = h("div", { class: "page" }, skeleton());
  private readonly abort = new AbortController();
  private panels: RunPanel[] = [];
  private model: RunModel | null = null;
  private feed: RunFeed | null = null;
  private frame = 0;
  private clock = 0;

  constructor(
    private readonly context: PageContext,
    private readonly id: string,
  ) {}

  async open(): Promise<void> {
    try {
      const run = await this.context.api.getRun(this.id, this.abort.signal);
      const model = new RunModel(run, () => this.schedule());
      this.model = model;
      const loader = new RunLoader(this.context.api, model, this.abort.signal);
      this.show(model, loader);
      this.follow(model, loader);
      await loader.loadPast();
    } catch (error) {
      if (!this.abort.signal.aborted) {
        this.showError(error);
      }
    }
  }

  dispose(): void {
    this.abort.abort();
    this.feed?.close();
    window.clearInterval(this.clock);
    cancelAnimationFrame(this.frame);
    this.panels.forEach(panel => panel.dispose?.());
  }

  private show(model: RunModel, loader: RunLoader): void {
    const layers = model.run.spec.training.network.layers.length - 1;
    const head = createHeadPanel(this.context.api, model, () => loader.refreshRun());
    const tiles = createTilesPanel();
    const settings = new CurveSettings("Logarithmic loss");
    const grid: RunPanel[] = [
      { element: settings.element, topics: [], update: () => {} },
      createLossPanel(settings),
      createAccuracyPanel(settings),
      createEpochBar(model, loader),
      createInputPanel(),
      createNeuronsPanel(model),
      createLayersPanel(),
      createConnectionsPanel(layers),
      createTurnoverPanel(),
      createLayerChartPanel(
        "Exploration",
        "Share of positions ever connected, per layer by epoch",
        layers,
        layer => layer.explorationRate,
        "percent",
      ),
      createLayerChartPanel(
        "Gradient norm",
        "L2 norm of the weights' gradient per layer by epoch",
        layers,
        layer => layer.gradientNorm,
        "log",
      ),
      createIdlePanel(),
      createDegreesPanel(model),
      createRanksPanel(model),
      createResourcesPanel(),
      createCheckpointsPanel(this.context.api, () => loader.refreshRun()),
      createEventsPanel(model, loader),
      createSpecPanel(),
    ];
    this.panels = [head, tiles, ...grid];
    this.element.replaceChildren(
      head.element,
      tiles.element,
      h(
        "div",
        { class: "grid" },
        grid.map(panel => panel.element),
      ),
    );
    this.panels.forEach(panel => panel.update(model));
    // Durations and estimates move between events too.
    this.clock = window.setInterval(() => isActive(model.run.state) && model.touch("run"), 1000);
  }

  /** Events after those that the row counts come live; the past is read from the metrics meanwhile. */
  private follow(model: RunModel, loader: RunLoader): void {
    this.feed = new RunFeed({
      runId: model.run.id,
      key: this.context.key,
      afterSeq: model.run.lastEventSeq,
      readEvents: after => this.context.api.listEvents(model.run.id, after, this.abort.signal),
      onEvent: event => this.receive(event, model, loader),
      onStep: step => model.applyStep(step),
      onStatus: status => {
        model.status = status;
        model.touch("status");
      },
      onCaughtUp: () => void loader.catchUp(),
    });
    this.feed.start();
  }

  private receive(event: RunEvent, model: RunModel, loader: RunLoader): void {
    model.applyEvent(event);
    if (event.kind === "epoch") {
      loader.wantStatistics(Number(event.payload["epoch"]));
    } else if (event.kind === "checkpoint") {
      loader.wantCheckpoints();
    } else if (event.kind === "state" || event.kind === "model") {
      void loader.refreshRun();
    }
  }

  /** Many events in one frame become one drawing. */
  private schedule(): void {
    if (this.frame === 0) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.draw();
      });
    }
  }

  private draw(): void {
    if (!this.model) {
      return;
    }
    const changes = this.model.takeChanges();
    document.title = titleOf(this.model);
    for (const panel of this.panels) {
      if (panel.topics.some((topic: Topic) => changes.has(topic))) {
        panel.update(this.model);
      }
    }
  }

  private showError(error: unknown): void {
    const missing = error instanceof ApiError && (error.status === 404 || error.status === 400);
    this.element.replaceChildren(
      createErrorNotice(
        missing ? "There is no such run" : "The run could not be read",
        error,
        missing ? undefined : () => void this.open(),
      ),
      h("p", {}, h("a", { href: runsLink() }, "All runs")),
    );
  }
}

function titleOf({ run, share }: RunModel): string {
  const progress = isActive(run.state) ? `${Math.floor(share * 100)} % · ` : "";
  return `${progress}${run.name || `Run ${run.id.slice(0, 8)}`} · SparseService`;
}

function skeleton(): HTMLElement {
  return h(
    "div",
    { attrs: { "aria-label": "Loading the run", "aria-busy": "true" } },
    h("div", { class: "skeleton skeleton-title" }),
    h("div", { class: "skeleton skeleton-tiles" }),
    h("div", { class: "skeleton skeleton-chart" }),
  );
}
