import type { ApiClient } from "../api/client";

export interface PageContext {
  api: ApiClient;
  key: string;
}

/** What a folder under pages/ gives to the shell. */
export interface PageView {
  title: string;
  element: HTMLElement;
  /** Called when the page is left: ends timers, requests and connections. */
  dispose(): void;
}
