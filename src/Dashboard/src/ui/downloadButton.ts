import type { ApiClient } from "../api/client";
import { describeError } from "../api/apiError";
import { h } from "./dom";
import { saveBlob } from "./saveBlob";
import { showToast } from "./toast";

/** Fetches a file with the key in a header and hands it to the browser; says so when it cannot. */
export function createDownloadButton(api: ApiClient, label: string, path: string, fileName: string, className = "button"): HTMLElement {
  const button = h("button", { class: className, type: "button", on: { click: () => void download() } }, label);
  const download = async () => {
    button.disabled = true;
    try {
      saveBlob(await api.download(path), fileName);
    } catch (error) {
      showToast(describeError(error), "error");
    } finally {
      button.disabled = false;
    }
  };
  return button;
}
