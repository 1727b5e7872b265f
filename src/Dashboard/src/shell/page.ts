import type { ApiClient } from "../api/client";
import type { Role } from "./roles";

export interface PageContext {
  api: ApiClient;
  key: string;
  /** What the key may do, as soon as the service has said it. */
  role: Promise<Role>;
}

/** What a folder under pages/ gives to the shell. */
export interface PageView {
  title: string;
  element: HTMLElement;
  /** Called when the page is left: ends timers, requests and connections. */
  dispose(): void;
}
