import type { ApiClient } from "../../api/client";
import { ApiError } from "../../api/apiError";
import { isTerminal } from "../../ui/stateChip";
import { epochSeries, stepSeries, type RunModel } from "./runModel";

const maxPoints = 1500;
const pastEvents = 200;
/** Epochs whose statistics are read when the page opens; more would be many large answers for a few pixels. */
const sampledEpochs = 24;
const statisticsPauseMs = 400;

/** Reads what events do not carry: the past, statistics, checkpoints, the run's row. */
export class RunLoader {
  private wantedEpoch = 0;
  private statisticsBusy = false;
  private checkpointsBusy = false;

  constructor(private readonly api: ApiClient, private readonly model: RunModel, private readonly signal: AbortSignal) {}

  /** Everything up to now; parts that fail leave their panel empty, not the page. */
  async loadPast(): Promise<void> {
    const { id, datasetId, lastEventSeq, epochsDone } = this.model.run;
    await Promise.all([
      this.quietly(async () => this.model.addMetrics(await this.api.getMetrics(id, [...epochSeries, stepSeries], maxPoints, this.signal))),
      this.quietly(async () => this.model.addPastEvents(await this.api.listEvents(id, Math.max(0, lastEventSeq - pastEvents), this.signal))),
      this.loadCheckpoints(),
      this.quietly(async () => {
        if (datasetId) {
          this.model.dataset = await this.api.getDataset(datasetId, this.signal);
          this.model.touch("statistics", "run");
        }
      }),
      epochsDone > 0 ? this.loadStatistics(epochsDone) : Promise.resolve(),
    ]);
    await this.fillHistory();
  }

  async refreshRun(): Promise<void> {
    await this.quietly(async () => {
      const hadDataset = this.model.run.datasetId;
      this.model.setRun(await this.api.getRun(this.model.run.id, this.signal));
      const { datasetId } = this.model.run;
      if (!hadDataset && datasetId) {
        this.model.dataset = await this.api.getDataset(datasetId, this.signal);
        this.model.touch("statistics", "run");
      }
    });
  }

  async reloadSteps(): Promise<void> {
    await this.quietly(async () => this.model.addMetrics(await this.api.getMetrics(this.model.run.id, [stepSeries], maxPoints, this.signal)));
  }

  /** The newest epoch's statistics soon; epochs that pass meanwhile are left out when they come faster than they can be read. */
  wantStatistics(epoch: number): void {
    this.wantedEpoch = Math.max(this.wantedEpoch, epoch);
    if (!this.statisticsBusy) {
      this.statisticsBusy = true;
      void this.readWanted();
    }
  }

  wantCheckpoints(): void {
    if (!this.checkpointsBusy) {
      this.checkpointsBusy = true;
      window.setTimeout(() => {
        this.checkpointsBusy = false;
        void this.loadCheckpoints();
      }, statisticsPauseMs);
    }
  }

  private async readWanted(): Promise<void> {
    for (let last = 0; this.wantedEpoch > last && !this.signal.aborted;) {
      last = this.wantedEpoch;
      await this.loadStatistics(last);
      await new Promise(resolve => window.setTimeout(resolve, statisticsPauseMs));
    }
    this.statisticsBusy = false;
    if (this.model.layerHistory.size < sampledEpochs || isTerminal(this.model.run.state)) {
      await this.fillHistory();
    }
  }

  private async fillHistory(): Promise<void> {
    for (const epoch of sampleEpochs(this.model.run.epochsDone, sampledEpochs)) {
      if (!this.model.layerHistory.has(epoch) && !this.signal.aborted) {
        await this.loadStatistics(epoch);
      }
    }
  }

  private async loadStatistics(epoch: number): Promise<void> {
    await this.quietly(async () => this.model.addStatistics(epoch, await this.api.getStatistics(this.model.run.id, epoch, this.signal)));
  }

  private async loadCheckpoints(): Promise<void> {
    await this.quietly(async () => {
      this.model.checkpoints = await this.api.listCheckpoints(this.model.run.id, this.signal);
      this.model.touch("checkpoints");
    });
  }

  /** The live feed shows a lost connection; a failed reading beside it is made good by the next one. */
  private async quietly(read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof ApiError) && !this.signal.aborted) {
        throw error;
      }
    }
  }
}

/** Epochs spread evenly over a finished part, ascending, the first and the last among them. */
export function sampleEpochs(epochsDone: number, count: number): number[] {
  const wanted = Math.min(epochsDone, count);
  const step = wanted > 1 ? (epochsDone - 1) / (wanted - 1) : 0;
  return Array.from({ length: wanted }, (_, index) => 1 + Math.round(index * step));
}
