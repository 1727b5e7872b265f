import { HttpError, HubConnectionBuilder, HubConnectionState, LogLevel, type HubConnection } from "@microsoft/signalr";
import type { RunEvent, StepUpdate } from "../api/types";
import { Sequencer } from "./sequencer";

export type FeedStatus = "connecting" | "live" | "reconnecting" | "closed";

export interface RunFeedOptions {
  runId: string;
  key: string;
  /** Newest event that is already known. */
  afterSeq: number;
  /** Reads events after a sequence number, oldest first; fills gaps that the hub left. */
  readEvents(after: number): Promise<RunEvent[]>;
  /** Each event once, in order. */
  onEvent(event: RunEvent): void;
  onStep(step: StepUpdate): void;
  onStatus(status: FeedStatus): void;
  /** After every reconnect: step values are not replayed, so whoever draws them reads them again. */
  onCaughtUp(): void;
}

const retryDelaysMs = [0, 500, 1000, 2000, 3000, 5000];
const gapPatienceMs = 1000;

/** Follows one run over the hub, through dropped connections and restarts of the service. */
export class RunFeed {
  private readonly connection: HubConnection;
  private readonly sequencer: Sequencer<RunEvent>;
  private gapTimer = 0;
  private retryTimer = 0;
  private failedStarts = 0;
  private wasLive = false;
  private closed = false;

  constructor(private readonly options: RunFeedOptions) {
    this.sequencer = new Sequencer(options.afterSeq);
    this.connection = new HubConnectionBuilder()
      .withUrl("/hubs/runs", { accessTokenFactory: () => options.key, withCredentials: false })
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: context => delayAfter(context.previousRetryCount) })
      .configureLogging(LogLevel.None)
      .build();
    this.connection.on("RunEvent", (event: RunEvent) => this.receive(event));
    this.connection.on("Step", (step: StepUpdate) => this.receiveStep(step));
    this.connection.onreconnecting(() => options.onStatus("reconnecting"));
    this.connection.onreconnected(() => void this.subscribe());
    // A server that shuts down in order closes the connection for good; it may come back all the same.
    this.connection.onclose(() => this.retryStart());
  }

  start(): void {
    this.options.onStatus("connecting");
    void this.tryStart();
  }

  close(): void {
    this.closed = true;
    window.clearTimeout(this.gapTimer);
    window.clearTimeout(this.retryTimer);
    void this.connection.stop();
  }

  private async tryStart(): Promise<void> {
    if (this.closed) {
      return;
    }
    try {
      await this.connection.start();
      this.failedStarts = 0;
    } catch (error) {
      if (error instanceof HttpError && error.statusCode === 401) {
        this.options.onStatus("closed");
        return;
      }
      this.retryStart();
      return;
    }
    await this.subscribe();
  }

  private retryStart(): void {
    if (this.closed) {
      return;
    }
    this.options.onStatus(this.wasLive ? "reconnecting" : "connecting");
    window.clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(() => void this.tryStart(), delayAfter(++this.failedStarts));
  }

  private async subscribe(): Promise<void> {
    try {
      await this.connection.invoke("Subscribe", this.options.runId, this.sequencer.lastSeq);
    } catch {
      // Dropped while it subscribed: the automatic reconnect subscribes again. Refused although connected: start over.
      if (this.connection.state === HubConnectionState.Connected) {
        await this.connection.stop();
      }
      return;
    }
    this.options.onStatus("live");
    if (this.wasLive) {
      this.options.onCaughtUp();
    }
    this.wasLive = true;
  }

  private receive(event: RunEvent): void {
    if (this.closed || (event.runId !== undefined && event.runId !== this.options.runId)) {
      return;
    }
    for (const ready of this.sequencer.accept(event)) {
      this.options.onEvent(ready);
    }
    if (this.sequencer.hasGap && this.gapTimer === 0) {
      this.gapTimer = window.setTimeout(() => void this.fillGap(), gapPatienceMs);
    }
  }

  private receiveStep(step: StepUpdate): void {
    if (!this.closed && step.runId === this.options.runId) {
      this.options.onStep(step);
    }
  }

  private async fillGap(): Promise<void> {
    this.gapTimer = 0;
    if (!this.sequencer.hasGap || this.closed) {
      return;
    }
    try {
      const events = await this.options.readEvents(this.sequencer.lastSeq);
      events.forEach(event => this.receive(event));
    } catch {
      this.gapTimer = window.setTimeout(() => void this.fillGap(), gapPatienceMs * 3);
    }
  }
}

function delayAfter(failures: number): number {
  const delay = retryDelaysMs[Math.min(failures, retryDelaysMs.length - 1)] ?? 5000;
  // Spread, so that many pages do not knock at a restarted service in the same instant.
  return delay * (0.8 + 0.4 * Math.random());
}
