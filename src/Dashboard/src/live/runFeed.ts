import type { RunEvent, StepUpdate } from "../api/types";
import { HubLink, type FeedStatus } from "./hubLink";
import { Sequencer } from "./sequencer";

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

const gapPatienceMs = 1000;

/** Follows one run over the hub. */
export class RunFeed {
  private readonly link: HubLink;
  private readonly sequencer: Sequencer<RunEvent>;
  private gapTimer = 0;

  constructor(private readonly options: RunFeedOptions) {
    this.sequencer = new Sequencer(options.afterSeq);
    this.link = new HubLink({
      key: options.key,
      subscribe: connection => connection.invoke("Subscribe", options.runId, this.sequencer.lastSeq),
      onStatus: options.onStatus,
      onLive: again => again && options.onCaughtUp(),
    });
    this.link.connection.on("RunEvent", (event: RunEvent) => this.receive(event));
    this.link.connection.on("Step", (step: StepUpdate) => this.receiveStep(step));
  }

  start(): void {
    this.link.start();
  }

  close(): void {
    window.clearTimeout(this.gapTimer);
    this.link.close();
  }

  private receive(event: RunEvent): void {
    if (this.link.isClosed || (event.runId !== undefined && event.runId !== this.options.runId)) {
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
    if (!this.link.isClosed && step.runId === this.options.runId) {
      this.options.onStep(step);
    }
  }

  private async fillGap(): Promise<void> {
    this.gapTimer = 0;
    if (!this.sequencer.hasGap || this.link.isClosed) {
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
