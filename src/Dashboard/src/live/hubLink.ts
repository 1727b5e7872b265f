import { HttpError, HubConnectionBuilder, HubConnectionState, LogLevel, type HubConnection } from "@microsoft/signalr";

export type FeedStatus = "connecting" | "live" | "reconnecting" | "closed";

export interface HubLinkOptions {
  key: string;
  /** Asks for what the feed is about; after every connect. */
  subscribe(connection: HubConnection): Promise<unknown>;
  onStatus(status: FeedStatus): void;
  /** The feed is on. @param again False the first time. */
  onLive(again: boolean): void;
}

const retryDelaysMs = [0, 500, 1000, 2000, 3000, 5000];

/** A connection to the hub that comes back by itself, through dropped connections and restarts of the service. */
export class HubLink {
  readonly connection: HubConnection;
  private retryTimer = 0;
  private failedStarts = 0;
  private wasLive = false;
  private closed = false;

  constructor(private readonly options: HubLinkOptions) {
    this.connection = new HubConnectionBuilder()
      .withUrl("/hubs/runs", { accessTokenFactory: () => options.key, withCredentials: false })
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: context => delayAfter(context.previousRetryCount) })
      .configureLogging(LogLevel.None)
      .build();
    this.connection.onreconnecting(() => this.closed || options.onStatus("reconnecting"));
    this.connection.onreconnected(() => void this.subscribe());
    // A server that shuts down in order closes the connection for good; it may come back all the same.
    this.connection.onclose(() => this.retryStart());
  }

  get isClosed(): boolean {
    return this.closed;
  }

  start(): void {
    this.options.onStatus("connecting");
    void this.tryStart();
  }

  close(): void {
    this.closed = true;
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
      await this.options.subscribe(this.connection);
    } catch {
      // Dropped while it subscribed: the automatic reconnect subscribes again. Refused although connected: start over.
      if (this.connection.state === HubConnectionState.Connected) {
        await this.connection.stop();
      }
      return;
    }
    if (this.closed) {
      return;
    }
    this.options.onStatus("live");
    this.options.onLive(this.wasLive);
    this.wasLive = true;
  }
}

function delayAfter(failures: number): number {
  const delay = retryDelaysMs[Math.min(failures, retryDelaysMs.length - 1)] ?? 5000;
  // Spread, so that many pages do not knock at a restarted service in the same instant.
  return delay * (0.8 + 0.4 * Math.random());
}
