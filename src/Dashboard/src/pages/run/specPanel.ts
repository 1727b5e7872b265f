import type { RunEnvironment } from "../../api/types";
import { formatBytes, formatInteger, formatTime } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { createPanel } from "../../ui/panel";
import { showToast } from "../../ui/toast";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

/** What was asked for: dataset, seed, and the whole spec as it can be posted again. */
export function createSpecPanel(): RunPanel {
  const { element, body, tools } = createPanel("Spec and environment", "span-12");
  const facts = h("dl", { class: "facts" });
  const code = h("code", {});
  tools.append(h("button", { class: "button small", on: { click: () => void copy(code.textContent ?? "") } }, "Copy JSON"));
  body.append(
    facts,
    h(
      "details",
      {},
      h("summary", {}, "The whole spec as JSON"),
      h("pre", { tabIndex: 0, attrs: { "aria-label": "Spec as JSON" } }, code),
    ),
  );
  let drawn = "";
  return {
    element,
    topics: ["run"],
    update(model) {
      const texts = factsOf(model);
      const now = JSON.stringify(texts);
      if (now !== drawn) {
        drawn = now;
        facts.replaceChildren(...texts.map(([name, text]) => h("div", {}, h("dt", {}, name), h("dd", {}, text))));
        setText(code, JSON.stringify(model.run.spec, null, 2));
      }
    },
  };
}

function factsOf({ run, dataset }: RunModel): [string, string][] {
  const { training } = run.spec;
  const facts: [string, string][] = [
    ["Run", run.id],
    [
      "Dataset",
      dataset
        ? `${dataset.name} v${dataset.version} · ${formatInteger(dataset.rows)} rows × ${formatInteger(dataset.features)}`
        : "–",
    ],
    ["Network", training.network.layers.join(" – ")],
    ["Topology", words(training.network.topology)],
    ["Activation", words(training.network.activation)],
    ["Optimizer", words(training["optimizer"])],
    ["Evolution", training["evolution"] === null ? "none" : words(training["evolution"])],
    ["Batch", String(training.batchSize ?? "–")],
    ["Seed", String(training.seed ?? 1)],
    ["Attempt", String(run.attempt ?? 0)],
    ["Created", formatTime(run.createdAt)],
    ...environmentOf(run.environment),
  ];
  const labels = Object.entries(run.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return labels.length > 0 ? [...facts, ["Labels", labels.join(", ")]] : facts;
}

function environmentOf(environment: RunEnvironment | null | undefined): [string, string][] {
  if (!environment) {
    return [["Environment", "known once a worker has it"]];
  }
  const { worker, version, backend, threads, processor, memory, runtime, system } = environment;
  return [
    ["Worker", worker],
    ["Service", version],
    ["Kernels", `${backend}, ${threads} thread${threads === 1 ? "" : "s"}`],
    ["Processor", processor],
    ["Memory", formatBytes(memory)],
    ["Runtime", `${runtime}, ${system}`],
  ];
}

function words(options: unknown): string {
  if (typeof options !== "object" || options === null) {
    return "default";
  }
  const { kind, ...rest } = options as Record<string, unknown>;
  const idle = kind === "sgd" ? ["beta1", "beta2", "epsilon"] : kind === "adam" ? ["momentum"] : [];
  const simple = Object.entries(rest).filter(
    ([name, value]) => ((typeof value === "number" && value !== 0) || value === true) && !idle.includes(name),
  );
  return (
    [
      kind === undefined ? "" : String(kind),
      ...simple.map(([name, value]) => (value === true ? name : `${name} ${String(value)}`)),
    ]
      .filter(part => part !== "")
      .join(", ") || "default"
  );
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    showToast("Copied");
  } catch {
    showToast("The browser does not allow copying here; open the JSON and copy it by hand.", "error");
  }
}
