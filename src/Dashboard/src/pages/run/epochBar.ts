import { formatInteger } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { drawnEpochs } from "./drawnEpochs";
import type { RunLoader } from "./runLoader";
import type { RunModel } from "./runModel";
import type { RunPanel } from "./runPanel";

const playIntervalMs = 150;

/** Chooses the epoch whose network the panels show; at its end it follows the newest. */
export function createEpochBar(model: RunModel, loader: RunLoader): RunPanel {
  const slider = h("input", { type: "range", min: "1", max: "1", value: "1", disabled: true, on: { input: () => look() } });
  const words = h("output", { class: "range-value" }, "–");
  const newest = h("button", { class: "button small", hidden: true, on: { click: () => follow() } }, "Newest");
  const play = h("button", { class: "button small", on: { click: () => (timer === 0 ? start() : stop()) } }, "Play");
  let timer = 0;
  let isFollowing = true;

  function look(): void {
    stop();
    choose(slider.valueAsNumber);
  }

  function choose(epoch: number): void {
    isFollowing = epoch >= Number(slider.max);
    void loader.lookAt(isFollowing ? null : epoch);
    show();
  }

  function follow(): void {
    stop();
    slider.value = slider.max;
    choose(Number(slider.max));
  }

  /** Steps through the epochs that the charts draw, from the first to the newest. */
  function start(): void {
    const epochs = drawnEpochs(Number(slider.max));
    let next = 0;
    setText(play, "Stop");
    timer = window.setInterval(() => {
      const epoch = epochs[next++];
      if (epoch === undefined) {
        follow();
        return;
      }
      slider.value = String(epoch);
      choose(epoch);
    }, playIntervalMs);
  }

  function stop(): void {
    window.clearInterval(timer);
    timer = 0;
    setText(play, "Play");
  }

  function show(): void {
    const epoch = formatInteger(slider.valueAsNumber);
    setText(words, isFollowing ? `${epoch} (newest)` : epoch);
    slider.setAttribute("aria-valuetext", `epoch ${words.textContent}`);
    newest.hidden = isFollowing;
  }

  const element = h(
    "div",
    { class: "bar span-12", attrs: { role: "group", "aria-label": "Epoch of the network shown" } },
    h("label", { class: "check grow" }, "Network after epoch", slider),
    words,
    play,
    newest,
  );
  return {
    element,
    topics: ["run", "statistics"],
    update({ run }) {
      const last = run.epochsDone;
      slider.disabled = play.disabled = last < 2;
      if (last < 1) {
        return;
      }
      slider.max = String(last);
      if (isFollowing) {
        slider.value = String(model.statistics?.epoch ?? last);
      }
      show();
    },
    dispose: stop,
  };
}
