import { describe, expect, it } from "vitest";
import type { Run } from "../../api/types";
import { RunModel } from "./runModel";

const run: Run = {
  id: "r",
  datasetId: "d",
  spec: { training: { network: { layers: [4, 2] } } },
  state: "running",
  epochsTotal: 10,
  epochsDone: 2,
  stepsDone: 20,
  lastEventSeq: 5,
  createdAt: "2026-01-01T00:00:00Z",
  bestTestAccuracy: 0.9,
};
const epoch = (seq: number, number: number, loss: number) => ({
  seq,
  kind: "epoch" as const,
  at: "",
  payload: { epoch: number, step: number * 10, loss, testAccuracy: 0.5, nnz: 3, density: 0.1 },
});

describe("RunModel", () => {
  it("moves on with an epoch event", () => {
    const model = new RunModel(run, () => {});
    model.applyEvent(epoch(6, 3, 0.25));
    expect(model.run).toMatchObject({ epochsDone: 3, loss: 0.25, lastEventSeq: 6, bestTestAccuracy: 0.9 });
    expect(model.series("loss").y).toEqual([0.25]);
    expect([...model.takeChanges()].sort()).toEqual(["curves", "events", "run"]);
    expect(model.takeChanges().size).toBe(0);
  });

  it("has an event once that came live and with the past", () => {
    const model = new RunModel(run, () => {});
    model.addPastEvents([epoch(5, 2, 1), epoch(6, 3, 1)]);
    model.applyEvent(epoch(6, 3, 1));
    model.applyEvent(epoch(7, 4, 1));
    model.addPastEvents([epoch(4, 1, 1), epoch(7, 4, 1)]);
    expect(model.events.map(({ seq }) => seq)).toEqual([4, 5, 6, 7]);
  });

  it("is not set back by an answer that is older than its events", () => {
    const model = new RunModel(run, () => {});
    model.applyEvent(epoch(6, 3, 0.25));
    model.applyEvent({ seq: 7, kind: "state", at: "", payload: { state: "succeeded" } });
    model.setRun({ ...run, modelId: "m" });
    expect(model.run).toMatchObject({ epochsDone: 3, state: "succeeded", modelId: "m" });
    model.setRun({ ...run, lastEventSeq: 8, state: "failed", epochsDone: 3 });
    expect(model.run.state).toBe("failed");
  });

  it("counts the place inside the epoch", () => {
    const model = new RunModel(run, () => {});
    expect(model.share).toBeCloseTo(0.2);
    model.applyStep({ runId: "r", epoch: 3, step: 25, stepsPerEpoch: 10, loss: 1 });
    expect(model.share).toBeCloseTo(0.25);
    model.applyEvent(epoch(6, 3, 0.25));
    expect(model.share).toBeCloseTo(0.3);
  });

  it("merges past events with live ones, each once", () => {
    const model = new RunModel(run, () => {});
    model.applyEvent(epoch(6, 3, 1));
    model.addPastEvents([epoch(5, 2, 1), epoch(6, 3, 1)]);
    expect(model.events.map(event => event.seq)).toEqual([5, 6]);
  });
});
