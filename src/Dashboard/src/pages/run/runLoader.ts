import type { ApiClient } from "../../api/client";
import { ApiError } from "../../api/apiError";
import type { NetworkStatistics } from "../../api/types";
import { drawnEpochs, mostDrawn } from "./drawnEpochs";
import { epochSeries, stepSeries, type RunModel } from "./runModel";

const maxPoints = 1500;
const pastEvents = 200;
const olderEvents = 1000;
/** Numbers of the epochs that were looked at that are kept, so that a slider goes to and fro without waiting. */
const numbersKept = 2_000_000;
const statisticsPauseMs = 40;
const checkpointsPauseMs = 400;
const holesPauseMs = 3000;

/** Reads what events do not carry: the past, statistics, checkpoints, the run's row. */
export class RunLoader {
  private readonly looked = new Map<number, NetworkStatistics>();
  private wantedLook = 0;
  private newestEpoch = 0;
  /** Newest epoch whose statistics were asked for. */
  private readEpoch = 0;
  private holesTimer = 0;
  private statisticsBusy = false;
  private checkpointsBusy = false;

  constructor(
    private readonly api: ApiClient,
    private readonly model: RunModel,
    private readonly signal: AbortSignal,
  ) {}

  /** Everything up to now; parts that fail leave their panel empty, not the page. */
  async loadPast(): Promise<void> {
    const { id, datasetId, lastEventSeq } = this.model.run;
    await Promise.all([
      // Apart, as the steps of a long run take longer: its epochs are drawn meanwhile.
      ...[epochSeries, [stepSeries]].map(series =>
        this.quietly(async () => this.model.addMetrics(await this.api.getMetrics(id, series, maxPoints, this.signal))),
      ),
      this.quietly(async () =>
        this.model.addPastEvents(await this.api.listEvents(id, Math.max(0, lastEventSeq - pastEvents), this.signal)),
      ),
      this.loadCheckpoints(),
      this.loadHistory(),
      this.quietly(async () => {
        this.model.dataset = await this.api.getDataset(datasetId, this.signal);
        this.model.touch("statistics", "run");
      }),
    ]);
  }

  async refreshRun(): Promise<void> {
    await this.quietly(async () => this.model.setRun(await this.api.getRun(this.model.run.id, this.signal)));
  }

  /** After a lost connection: what is not replayed, and what could not be read meanwhile. */
  async catchUp(): Promise<void> {
    this.readEpoch = 0;
    await this.loadHistory();
    await this.quietly(async () =>
      this.model.addMetrics(await this.api.getMetrics(this.model.run.id, [stepSeries], maxPoints, this.signal)),
    );
  }

  /** The newest epoch's statistics, of those that have come. */
  wantStatistics(epoch: number): void {
    this.newestEpoch = Math.max(this.newestEpoch, epoch);
    if (!this.statisticsBusy) {
      this.statisticsBusy = true;
      void this.readStatistics();
    }
  }

  /** Statistics of one epoch, for the panels that show the network; the newest choice wins. */
  async lookAt(epoch: number | null): Promise<void> {
    const mine = ++this.wantedLook;
    const known = epoch === null ? null : this.looked.get(epoch);
    if (known !== undefined) {
      this.model.choose(known);
      return;
    }
    await this.quietly(async () => {
      const statistics = { ...(await this.api.getStatistics(this.model.run.id, epoch!, this.signal)), epoch: epoch! };
      this.keepLook(epoch!, statistics);
      if (mine === this.wantedLook) {
        this.model.choose(statistics);
      }
    });
  }

  /** The events before those that are known. @returns False when there are none. */
  async loadOlderEvents(): Promise<boolean> {
    const first = this.model.events[0]?.seq ?? 1;
    if (first > 1) {
      const events = await this.api.listEvents(this.model.run.id, Math.max(0, first - 1 - olderEvents), this.signal);
      this.model.keepMoreEvents();
      this.model.addPastEvents(events.filter(event => event.seq < first));
    }
    return (this.model.events[0]?.seq ?? 1) > 1;
  }

  wantCheckpoints(): void {
    if (!this.checkpointsBusy) {
      this.checkpointsBusy = true;
      window.setTimeout(() => {
        this.checkpointsBusy = false;
        void this.loadCheckpoints();
      }, checkpointsPauseMs);
    }
  }

  private async readStatistics(): Promise<void> {
    while (this.newestEpoch > this.readEpoch && !this.signal.aborted) {
      const epoch = this.newestEpoch;
      const start = performance.now();
      await this.quietly(async () =>
        this.model.addStatistics(epoch, await this.api.getStatistics(this.model.run.id, epoch, this.signal)),
      );
      this.readEpoch = epoch;
      // Statistics of wide networks are large; reading them must not become all that page and service do.
      const pause = Math.max(statisticsPauseMs, 2 * (performance.now() - start));
      await new Promise(resolve => window.setTimeout(resolve, pause));
    }
    this.statisticsBusy = false;
    this.fillHoles();
  }

  /** Epochs that went by while others were read: all that the charts miss come in one answer, after a while. */
  private fillHoles(): void {
    const known = this.model.layerHistory;
    const first = Math.min(...known.keys());
    if (this.holesTimer === 0 && drawnEpochs(this.newestEpoch).some(epoch => epoch > first && !known.has(epoch))) {
      this.holesTimer = window.setTimeout(() => {
        this.holesTimer = 0;
        if (!this.signal.aborted) {
          void this.loadHistory();
        }
      }, holesPauseMs);
    }
  }

  /** The past that the charts draw, then everything about its newest epoch. A fork has none before its checkpoint. */
  private async loadHistory(): Promise<void> {
    await this.quietly(async () => {
      const epochs = await this.api.listStatistics(this.model.run.id, mostDrawn, this.signal);
      this.model.addHistory(epochs);
      const newest = epochs.at(-1)?.epoch ?? 0;
      if (newest > 0) {
        this.wantStatistics(newest);
      }
    });
  }

  private keepLook(epoch: number, statistics: NetworkStatistics): void {
    this.looked.set(epoch, statistics);
    const most = Math.max(1, Math.floor(numbersKept / (statistics.inputImportance.length + 60 * statistics.layers.length)));
    while (this.looked.size > most) {
      this.looked.delete(this.looked.keys().next().value!);
    }
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
