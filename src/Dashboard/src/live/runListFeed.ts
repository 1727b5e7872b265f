import type { Run } from "../api/types";
import { HubLink, type FeedStatus } from "./hubLink";

export interface RunListFeedOptions {
  key: string;
  /** Rows as they are now, new ones too. */
  onRuns(runs: Run[], deleted: string[]): void;
  /** The list is to be read (again): what happened before is not replayed. */
  onReload(): void;
  onStatus(status: FeedStatus): void;
}

interface RunsChanged {
  runs: Run[];
  deleted: string[];
  reload: boolean;
}

/** Follows the list of runs over the hub: rows come when they change, none is asked for. */
export class RunListFeed {
  private readonly link: HubLink;

  constructor(options: RunListFeedOptions) {
    this.link = new HubLink({
      key: options.key,
      subscribe: connection => connection.invoke("SubscribeList"),
      onStatus: options.onStatus,
      onLive: () => options.onReload(),
    });
    this.link.connection.on("RunsChanged", (message: RunsChanged) => {
      if (this.link.isClosed) {
        return;
      }
      options.onRuns(message.runs, message.deleted);
      if (message.reload) {
        options.onReload();
      }
    });
  }

  start(): void {
    this.link.start();
  }

  close(): void {
    this.link.close();
  }
}
