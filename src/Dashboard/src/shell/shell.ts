import { ApiClient } from "../api/client";
import { openRunPage } from "../pages/run/runPage";
import { openRunsPage } from "../pages/runs/runsPage";
import { openSignInPage } from "../pages/signIn/signInPage";
import { h, setText, svg } from "../ui/dom";
import type { PageContext, PageView } from "./page";
import { parseRoute, runsLink } from "./router";
import { forgetKey, looksLikeKey, storedKey, storeKey, takeKeyFromAddress } from "./session";
import { currentTheme, isDark, setTheme } from "./theme";

const sun =
  "M12 4V2m0 20v-2m8-8h2M2 12h2m13.7-5.7 1.4-1.4M4.9 19.1l1.4-1.4m0-11.4L4.9 4.9m14.2 14.2-1.4-1.4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z";
const moon = "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z";

const refusedKey = "The service does not take this key (any more). Sign in with another one.";

/** Frame around every page: brand, navigation, theme, session. */
export class Shell {
  private readonly main = h("main", { id: "main", tabIndex: -1 });
  private readonly signOut = h("button", { class: "button ghost", on: { click: () => this.endSession() } }, "Sign out");
  private readonly who = h("span", { class: "who" });
  private readonly header: HTMLElement;
  private refused: string | null = null;
  private page: PageView | null = null;

  constructor(private readonly root: HTMLElement) {
    this.header = h(
      "header",
      { class: "topbar" },
      h("a", { class: "skip", href: "#main", on: { click: event => this.skip(event) } }, "Skip to content"),
      h("a", { class: "brand", href: runsLink() }, brandMark(), "SparseService"),
      h("nav", { attrs: { "aria-label": "Pages" } }, h("a", { href: runsLink() }, "Runs")),
      h("div", { class: "topbar-end" }, this.who, themeButton(), this.signOut),
    );
  }

  start(): void {
    const linkKey = takeKeyFromAddress();
    if (linkKey !== null && looksLikeKey(linkKey)) {
      storeKey(linkKey, true);
    }
    this.root.replaceChildren(this.header, this.main);
    window.addEventListener("hashchange", () => this.show(true));
    this.show(false);
    void this.introduce();
  }

  private show(moveFocus: boolean): void {
    this.page?.dispose();
    const key = storedKey();
    this.signOut.hidden = this.who.hidden = key === null;
    this.header.querySelector("nav")!.hidden = key === null;
    this.page =
      key === null
        ? openSignInPage(() => this.signedIn(), this.refused)
        : openRoute({ key, api: new ApiClient(key, () => this.endSession(refusedKey)) });
    this.refused = null;
    document.title = `${this.page.title} · SparseService`;
    this.main.replaceChildren(this.page.element);
    if (moveFocus) {
      this.main.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
  }

  private endSession(reason: string | null = null): void {
    if (storedKey() !== null) {
      forgetKey();
      this.refused = reason;
      this.show(true);
    }
  }

  private signedIn(): void {
    this.show(true);
    void this.introduce();
  }

  /** Shows whose key this is, and hides what its role does not allow; the service checks all the same. */
  private async introduce(): Promise<void> {
    const key = storedKey();
    if (key === null) {
      return;
    }
    try {
      const { name, role } = await new ApiClient(key, () => this.endSession(refusedKey)).getOwnKey();
      setText(this.who, `${name} · ${role}`);
      document.documentElement.dataset["role"] = role;
    } catch {
      // Not worth a message of its own: the page shows why the service does not answer.
    }
  }

  private skip(event: Event): void {
    event.preventDefault();
    this.main.focus();
  }
}

function openRoute(context: PageContext): PageView {
  const route = parseRoute(window.location.hash);
  return route.page === "run" ? openRunPage(context, route.id) : openRunsPage(context);
}

function brandMark(): SVGSVGElement {
  return svg(
    "0 0 24 24",
    "M5 5l14 7M5 12h14M5 19l14-7",
    "M5 3.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6Zm0 7a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6Z" +
      "m0 7a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6Zm14-7a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6Z",
  );
}

function themeButton(): HTMLElement {
  const button = h("button", {
    class: "icon-button",
    on: {
      click: () => {
        setTheme(isDark() ? "light" : "dark");
        refresh();
      },
    },
  });
  const refresh = () => {
    const goal = isDark() ? "light" : "dark";
    button.replaceChildren(svg("0 0 24 24", isDark() ? sun : moon));
    button.setAttribute("aria-label", `Switch to ${goal} colours`);
    button.title = `Switch to ${goal} colours (now: ${currentTheme()})`;
  };
  refresh();
  return button;
}
