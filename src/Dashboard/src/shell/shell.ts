import { describeError } from "../api/apiError";
import { ApiClient, exchangeStartToken } from "../api/client";
import { openSignInPage } from "../pages/signIn/signInPage";
import { h } from "../ui/dom";
import { createEmpty, createErrorNotice } from "../ui/notice";
import type { PageContext, PageView } from "./page";
import { findPage } from "./pages";
import type { Role } from "./roles";
import { parseRoute, runsLink } from "./router";
import { forgetKey, storedKey, storeKey, takeStartToken } from "./session";
import { TopBar } from "./topBar";

const refusedKey = "The service does not take this key (any more). Sign in with another one.";

/** Frame around every page: navigation, theme, session. */
export class Shell {
  private readonly main = h("main", { id: "main", tabIndex: -1 });
  private readonly bar = new TopBar(
    () => this.main.focus(),
    () => this.endSession(),
  );
  private refused: string | null = null;
  private page: PageView | null = null;
  private context: PageContext | null = null;
  /** Counts what was opened: a page that loads slowly must not replace the one after it. */
  private opened = 0;

  constructor(private readonly root: HTMLElement) {}

  start(): void {
    this.root.replaceChildren(this.bar.element, this.main);
    window.addEventListener("hashchange", () => void this.enter(true));
    void this.enter(false);
  }

  /** A start-up link signs in first, also when it is pasted into a tab that shows the page already. */
  private async enter(moveFocus: boolean): Promise<void> {
    const token = takeStartToken();
    if (token !== null) {
      try {
        storeKey(await exchangeStartToken(token), true);
      } catch (error) {
        this.refused = storedKey() === null ? describeRefusal(error) : null;
      }
    }
    await this.show(moveFocus);
  }

  private async show(moveFocus: boolean): Promise<void> {
    const mine = ++this.opened;
    this.page?.dispose();
    this.page = null;
    const key = storedKey();
    this.bar.showSession(key !== null);
    const opening = key === null ? this.openSignIn() : this.openRoute(this.contextOf(key));
    if (opening instanceof Promise) {
      this.main.replaceChildren(h("div", { class: "page-wait", attrs: { "aria-label": "Loading", "aria-busy": "true" } }));
    }
    const page = await opening;
    if (mine !== this.opened) {
      page.dispose();
      return;
    }
    this.page = page;
    document.title = `${page.title} · SparseService`;
    this.main.replaceChildren(page.element);
    if (moveFocus) {
      this.main.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
  }

  private openSignIn(): PageView {
    const reason = this.refused;
    this.refused = null;
    return openSignInPage(() => void this.show(true), reason);
  }

  private openRoute(context: PageContext): PageView | Promise<PageView> {
    const route = parseRoute(window.location.hash);
    const entry = findPage(route);
    this.bar.showPage(entry);
    const opening = entry?.open(context, route) ?? missingPage();
    return opening instanceof Promise ? opening.catch(error => unloadablePage(error)) : opening;
  }

  private contextOf(key: string): PageContext {
    if (this.context?.key !== key) {
      const api = new ApiClient(key, () => this.endSession(refusedKey));
      this.context = { key, api, role: this.introduce(api) };
    }
    return this.context;
  }

  /** Shows whose key this is, and hides what its role does not allow; the service checks all the same. */
  private async introduce(api: ApiClient): Promise<Role> {
    try {
      const { name, role } = await api.getOwnKey();
      this.bar.showOwner(name, role);
      document.documentElement.dataset["role"] = role;
      return role;
    } catch {
      // Not worth a message of its own: the page shows why the service does not answer. The next page asks again.
      this.context = null;
      return "viewer";
    }
  }

  private endSession(reason: string | null = null): void {
    if (storedKey() !== null) {
      forgetKey();
      this.context = null;
      delete document.documentElement.dataset["role"];
      this.refused = reason;
      void this.show(true);
    }
  }
}

/** Of a start-up link: the first line says it all; the faults behind it are for programs. */
const describeRefusal = (error: unknown): string =>
  `${describeError(error).split("\n")[0]} ./sparse serve --new-key shows a key that can be entered here.`;

function missingPage(): PageView {
  const home = h("a", { class: "button", href: runsLink() }, "All runs");
  const text = "The address names nothing that is here. A link may have lost its end when it was copied.";
  return { title: "Not found", element: createEmpty("There is no such page", text, home), dispose: () => {} };
}

/** Its files are gone: the service was updated, or does not answer. */
function unloadablePage(error: unknown): PageView {
  const words = new Error("The service does not answer, or was updated since the page was opened. Reload to go on.", { cause: error });
  return {
    title: "Not loaded",
    element: createErrorNotice("This page could not be loaded", words, () => window.location.reload()),
    dispose: () => {},
  };
}
