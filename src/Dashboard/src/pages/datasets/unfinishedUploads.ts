import { describeError } from "../../api/apiError";
import type { ApiClient } from "../../api/client";
import { formatBytes, formatTime } from "../../format/format";
import { h } from "../../ui/dom";
import { showToast } from "../../ui/toast";
import { UploadApi, type Upload } from "../../upload/uploadApi";

/** Files that were sent in part, or whole but made no dataset: they go on when they are dropped again, or are given up here. */
export class UnfinishedUploads {
  readonly element = h("div", { hidden: true });
  private readonly uploads: UploadApi;

  constructor(api: ApiClient) {
    this.uploads = new UploadApi(api);
  }

  async refresh(): Promise<void> {
    try {
      this.show(await this.uploads.list());
    } catch {
      this.show([]); // A convenience; the page says elsewhere that the service does not answer.
    }
  }

  private show(uploads: Upload[]): void {
    this.element.hidden = uploads.length === 0;
    this.element.replaceChildren(
      h(
        "details",
        { class: "panel unfinished" },
        h("summary", {}, `${uploads.length} ${uploads.length === 1 ? "file waits" : "files wait"} from earlier uploads`),
        h("p", { class: "muted small" }, "Drop the same files again to go on; what arrived before is not sent again."),
        h("ul", { class: "unfinished-list" }, uploads.map(upload => this.createItem(upload))),
      ),
    );
  }

  private createItem(upload: Upload): HTMLElement {
    const state = upload.completed ? "complete" : `${upload.receivedParts.length} of ${upload.parts} parts`;
    const discard = h(
      "button",
      {
        class: "button small",
        attrs: { "aria-label": `Discard ${upload.fileName}` },
        on: { click: () => void this.discard(upload, discard) },
      },
      "Discard",
    );
    const until = `kept until ${formatTime(upload.expiresAt)}`;
    return h(
      "li",
      {},
      h("span", { class: "unfinished-name" }, upload.fileName),
      h("span", { class: "muted small" }, `${state}, ${formatBytes(upload.bytes)}, ${until}`),
      discard,
    );
  }

  private async discard(upload: Upload, button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    try {
      await this.uploads.remove(upload.id);
      await this.refresh();
    } catch (error) {
      button.disabled = false;
      showToast(describeError(error), "error");
    }
  }
}
