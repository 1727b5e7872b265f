import { ApiError, describeError, type Fault } from "../../api/apiError";
import { listDatasets } from "../../api/datasets";
import { newIdempotencyKey } from "../../api/idempotencyKey";
import { getSpecSchema, previewTopology } from "../../api/topologies";
import type { Run } from "../../api/types";
import type { PageContext, PageView } from "../../shell/page";
import { isId, runLink, type Route } from "../../shell/router";
import { SpecSchema } from "../../spec/schema";
import { SpecDocument, type Draft } from "../../spec/specDocument";
import "../../styles/newRun.css";
import { h } from "../../ui/dom";
import { createErrorNotice } from "../../ui/notice";
import { createPanel } from "../../ui/panel";
import { showToast } from "../../ui/toast";
import { examples } from "./examples";
import { ForecastPanel } from "./forecastPanel";
import { JsonEditor } from "./jsonEditor";
import { SpecForm } from "./specForm";
import { createStartFrom, specOfRun } from "./startFrom";
import { TopologyPanel } from "./topologyPanel";

const waitMs = 350;
const draftKey = "sparse.draft";
const datasetsOffered = 200;
const noObjection: Objection = { faults: [], words: "" };

/** `#/new`; `?from=<run id>` begins with that run's spec, `?dataset=<id>` with that dataset. */
export function openNewRunPage(context: PageContext, { query }: Route): PageView {
  const page = new NewRunPage(context, query);
  void page.open();
  return { title: "New run", element: page.element, dispose: () => page.dispose() };
}

class NewRunPage {
  readonly element = h("div", { class: "page", attrs: { "aria-busy": "true" } }, h("h1", {}, "New run"));
  private readonly abort = new AbortController();
  private readonly spec = new SpecDocument();
  private readonly forecast = new ForecastPanel();
  private readonly topology: TopologyPanel;
  private readonly json = new JsonEditor(this.spec);
  private readonly summary = h("div", { class: "spec-faults", attrs: { role: "status" } });
  private readonly submit = h("button", { class: "button primary", on: { click: () => void this.start() } }, "Start the run");
  private schema: SpecSchema | null = null;
  private form: SpecForm | null = null;
  private checking = new AbortController();
  private timer = 0;
  /** What the service said of the text that is checked. */
  private verdict = noObjection;
  /** What it said when that text was to be started; kept when a check of it ends later. */
  private refusal = noObjection;
  private sent: { text: string; key: string } | null = null;

  constructor(
    private readonly context: PageContext,
    private readonly query: URLSearchParams,
  ) {
    this.topology = new TopologyPanel(context.api);
  }

  async open(): Promise<void> {
    const { api } = this.context;
    const { signal } = this.abort;
    try {
      this.schema = new SpecSchema(await getSpecSchema(api, signal));
      const draft = await this.firstDraft();
      this.show(this.schema);
      this.spec.onChange(() => this.changed());
      this.spec.load(draft);
      await this.offerDatasets();
    } catch (error) {
      if (!signal.aborted) {
        this.element.replaceChildren(createErrorNotice("A new run cannot be prepared", error, () => void this.open()));
      }
    } finally {
      this.element.removeAttribute("aria-busy");
    }
  }

  dispose(): void {
    window.clearTimeout(this.timer);
    this.abort.abort();
    this.checking.abort();
    this.topology.dispose();
  }

  private async firstDraft(): Promise<Draft> {
    const from = this.query.get("from") ?? undefined;
    if (isId(from)) {
      return specOfRun(this.context.api, from, this.abort.signal);
    }
    const kept = this.query.has("dataset") ? null : sessionStorage.getItem(draftKey);
    const known = kept === null ? null : parse(kept);
    return known ?? examples[1]!.load();
  }

  private show(schema: SpecSchema): void {
    const { api } = this.context;
    this.form = new SpecForm(schema, this.spec);
    const form = createPanel("Settings");
    form.tools.append(this.form.explain);
    form.body.append(this.form.element);
    const startFrom = createStartFrom(api, this.abort.signal, draft => this.spec.load(draft));
    this.element.replaceChildren(
      h("div", { class: "page-head" }, h("h1", {}, "New run"), h("div", { class: "start-from" }, startFrom)),
      h("div", { class: "new-run" }, form.element, this.json.element),
      h("div", { class: "new-run-start" }, this.submit, this.summary),
      h(
        "div",
        { class: "new-run new-run-outlook" },
        h("div", { class: "new-run-costs" }, this.forecast.element, this.topology.degrees),
        this.topology.element,
      ),
    );
  }

  private async offerDatasets(): Promise<void> {
    try {
      const { items } = await listDatasets(this.context.api, datasetsOffered, undefined, this.abort.signal);
      this.form!.offerDatasets(items);
      const wanted = items.find(({ id }) => id === this.query.get("dataset"));
      if (wanted) {
        this.spec.set("name", wanted.name);
        this.form!.takeDataset(wanted.id);
      }
    } catch (error) {
      if (!this.abort.signal.aborted) {
        showToast(`The datasets could not be read. ${describeError(error)}`, "error");
      }
    }
  }

  private changed(): void {
    keep(this.spec.text);
    this.verdict = this.refusal = noObjection;
    this.tell();
    this.checking.abort();
    window.clearTimeout(this.timer);
    this.forecast.dim(true);
    if (this.ownFaults().length === 0) {
      this.timer = window.setTimeout(() => void this.check(), waitMs);
    }
  }

  /** What the schema says, at once; the rest is for the service to say. */
  private ownFaults(): Fault[] {
    if (this.spec.textFault !== null) {
      return [{ path: "$", value: "no JSON", allowed: "a spec as JSON" }];
    }
    const faults = this.schema!.check(this.spec.draft);
    const isWithoutData = (this.spec.get("dataset") ?? null) === null;
    return isWithoutData ? [...faults, { path: "$.dataset", value: "missing", allowed: "id, name or generated" }] : faults;
  }

  private async check(): Promise<void> {
    const checking = (this.checking = new AbortController());
    const { text } = this.spec;
    try {
      const forecast = await previewTopology(this.context.api, text, checking.signal);
      const epochs = this.spec.get("training.epochs") ?? this.schema!.at("training.epochs")?.default;
      this.forecast.show(forecast, Number(epochs));
      this.topology.show(forecast, text);
      this.verdict = { faults: forecast.warnings, words: "" };
      this.tell();
    } catch (error) {
      if (!checking.signal.aborted) {
        this.verdict = objectionOf(error);
        this.tell();
      }
    }
  }

  /** Each fault at its field; what has no field stands beside the button. */
  private tell(): void {
    const faults = distinct([...this.ownFaults(), ...this.verdict.faults, ...this.refusal.faults]);
    const rest = this.form!.showFaults(faults).filter(({ path }) => path !== "$");
    const count = faults.length === 1 ? "1 value needs a look." : `${faults.length} values need a look.`;
    const words = [
      ...(faults.length === 0 ? [] : [count]),
      ...rest.map(({ path, value, allowed }) => `${path} is ${value}; allowed: ${allowed}`),
      this.refusal.words || this.verdict.words,
    ];
    this.summary.replaceChildren(...words.filter(text => text !== "").map(text => h("p", {}, text)));
  }

  private async start(): Promise<void> {
    if (this.ownFaults().length > 0) {
      if (this.spec.textFault !== null || !this.form!.focusFault()) {
        this.json.focus();
      }
      return;
    }
    const { text } = this.spec;
    // The same text is the same run, also when the answer to the first try was lost.
    this.sent = this.sent?.text === text ? this.sent : { text, key: newIdempotencyKey() };
    this.submit.disabled = true;
    try {
      const headers = { "Content-Type": "application/json", "Idempotency-Key": this.sent.key };
      const run = await this.context.api.send<Run>("POST", "runs", { bytes: text, headers });
      sessionStorage.removeItem(draftKey);
      window.location.hash = runLink(run.id);
    } catch (error) {
      this.refusal = objectionOf(error);
      if (error instanceof ApiError && error.status === 0) {
        this.refusal.words += " Starting again is safe: the same spec becomes one run, even if it has arrived already.";
      }
      this.tell();
      this.form!.focusFault();
    } finally {
      this.submit.disabled = false;
    }
  }
}

/** What speaks against a spec: faults of its values, or words where no value is at fault. */
interface Objection {
  faults: Fault[];
  words: string;
}

function objectionOf(error: unknown): Objection {
  const faults = error instanceof ApiError ? error.details : [];
  return { faults, words: faults.length === 0 ? describeError(error) : "" };
}

/** The same fault once, though two answers name it. */
function distinct(faults: Fault[]): Fault[] {
  return [...new Map(faults.map(fault => [JSON.stringify([fault.path, fault.value, fault.allowed]), fault])).values()];
}

/** So that a reload loses nothing; a text that is too long for it, with edge lists, is not kept. */
function keep(text: string): void {
  try {
    sessionStorage.setItem(draftKey, text);
  } catch {
    sessionStorage.removeItem(draftKey);
  }
}

function parse(text: string): Draft | null {
  try {
    return JSON.parse(text) as Draft;
  } catch {
    return null;
  }
}
