import { h, setText, svg } from "../ui/dom";
import { pages, type PageEntry } from "./pages";
import { allows, type Role } from "./roles";
import { runsLink } from "./router";
import { currentTheme, isDark, setTheme } from "./theme";

const sun =
  "M12 4V2m0 20v-2m8-8h2M2 12h2m13.7-5.7 1.4-1.4M4.9 19.1l1.4-1.4m0-11.4L4.9 4.9m14.2 14.2-1.4-1.4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z";
const moon = "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z";

/** Brand, navigation, theme, and whose key is used. */
export class TopBar {
  readonly element: HTMLElement;
  private readonly signOut: HTMLElement;
  private readonly who = h("span", { class: "who" });
  private readonly nav = h("nav", { class: "pages", attrs: { "aria-label": "Pages" } });
  private readonly links: [PageEntry, HTMLAnchorElement][] = pages.map(entry => [entry, h("a", { href: `#/${entry.page}` }, entry.label)]);

  /** @param skipTo Takes the focus to the content. */
  constructor(skipTo: () => void, onSignOut: () => void) {
    this.signOut = h("button", { class: "button ghost", on: { click: onSignOut } }, "Sign out");
    this.nav.append(...this.links.map(([, link]) => link));
    const skip = (event: Event) => {
      event.preventDefault();
      skipTo();
    };
    this.element = h(
      "header",
      { class: "topbar" },
      h("a", { class: "skip", href: "#main", on: { click: skip } }, "Skip to content"),
      h("a", { class: "brand", href: runsLink() }, brandMark(), h("span", {}, "SparseService")),
      this.nav,
      h("div", { class: "topbar-end" }, this.who, themeButton(), this.signOut),
    );
    this.showRole("viewer");
  }

  showSession(isSignedIn: boolean): void {
    this.signOut.hidden = this.who.hidden = this.nav.hidden = !isSignedIn;
  }

  showOwner(name: string, role: Role): void {
    setText(this.who, `${name} · ${role}`);
    this.showRole(role);
  }

  /** Marks the page that is open. */
  showPage(open: PageEntry | undefined): void {
    for (const [entry, link] of this.links) {
      if (entry === open) {
        link.setAttribute("aria-current", "page");
      } else {
        link.removeAttribute("aria-current");
      }
    }
  }

  private showRole(role: Role): void {
    this.links.forEach(([entry, link]) => (link.hidden = !allows(role, entry.role)));
  }
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
