import { h } from "./dom";

/** Hands bytes to the browser's download. */
export function saveBlob(blob: Blob, fileName: string): void {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: fileName }).click();
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
