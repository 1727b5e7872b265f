import { h } from "../../ui/dom";
import { createErrorNotice } from "../../ui/notice";
import { createPanel } from "../../ui/panel";

export interface AdminPanel {
  element: HTMLElement;
  /** Read again while the page is open. */
  isLive: boolean;
  refresh(): Promise<void>;
}

/** A panel that reads what it shows; while it cannot, it says why and keeps what it had. */
export function createReadingPanel<T>(
  title: string,
  hint: string,
  isLive: boolean,
  read: () => Promise<T>,
  draw: (value: T) => HTMLElement[],
  signal: AbortSignal,
): AdminPanel & { tools: HTMLElement } {
  const { element, body, tools } = createPanel(title, "", hint);
  const notice = h("div", {});
  const content = h("div", { class: "admin-content", attrs: { "aria-busy": "true" } });
  body.append(notice, content);
  const refresh = async (): Promise<void> => {
    try {
      const drawn = draw(await read());
      notice.replaceChildren();
      // Whoever stands on a link in here must not lose it to a refresh that changes nothing.
      if (!isSame(content, drawn)) {
        content.replaceChildren(...drawn);
      }
    } catch (error) {
      if (!signal.aborted) {
        notice.replaceChildren(createErrorNotice(`${title} could not be read`, error, () => void refresh()));
      }
    } finally {
      content.removeAttribute("aria-busy");
    }
  };
  return { element, tools, isLive, refresh };
}

const isSame = (content: HTMLElement, drawn: HTMLElement[]): boolean =>
  content.children.length === drawn.length && drawn.every((element, index) => element.isEqualNode(content.children[index]!));
