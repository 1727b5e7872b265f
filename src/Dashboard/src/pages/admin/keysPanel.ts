import { listKeys, revokeKey, type ApiKeyRow } from "../../api/admin";
import { describeError } from "../../api/apiError";
import { formatTime } from "../../format/format";
import type { PageContext } from "../../shell/page";
import { confirmAction } from "../../ui/dialog";
import { h } from "../../ui/dom";
import { showToast } from "../../ui/toast";
import { createReadingPanel, type AdminPanel } from "./adminPanel";
import { createKeyForm } from "./keyForm";

/** Who may use the service. */
export function createKeysPanel(context: PageContext, signal: AbortSignal): AdminPanel {
  const { api } = context;
  const read = async () => ({ keys: (await listKeys(api, signal)).items, own: (await api.getOwnKey()).id });
  const panel = createReadingPanel("Keys", "", false, read, ({ keys, own }) => [createTable(keys, own, revoke)], signal);
  const revoke = async (key: ApiKeyRow, isOwn: boolean): Promise<void> => {
    const words = isOwn
      ? "This is the key that you are signed in with: you will be signed out."
      : "Whatever uses it is refused from then on. Runs and data made with it stay.";
    if (!(await confirmAction(`Revoke the key “${key.name}”?`, `${words} A revoked key cannot be brought back.`, "Revoke", true))) {
      return;
    }
    try {
      await revokeKey(api, key.id);
      showToast(`The key “${key.name}” is revoked.`);
      await panel.refresh();
    } catch (error) {
      showToast(describeError(error), "error");
    }
  };
  panel.element.querySelector(".panel-body")!.prepend(createKeyForm(api, () => void panel.refresh()));
  void panel.refresh();
  return panel;
}

function createTable(keys: ApiKeyRow[], own: string, onRevoke: (key: ApiKeyRow, isOwn: boolean) => Promise<void>): HTMLElement {
  const headings = ["Name", "Role", "Begins with", "State", "Made", "Last used"];
  return h(
    "div",
    { class: "table-scroll", tabIndex: 0, attrs: { role: "region", "aria-label": "Keys" } },
    h(
      "table",
      { class: "table cards-table keys-table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          headings.map(text => h("th", { scope: "col" }, text)),
          h("th", { scope: "col" }, h("span", { class: "sr-only" }, "Revoke")),
        ),
      ),
      h("tbody", {}, keys.map(key => createRow(key, key.id === own, onRevoke))),
    ),
  );
}

function createRow(key: ApiKeyRow, isOwn: boolean, onRevoke: (key: ApiKeyRow, isOwn: boolean) => Promise<void>): HTMLElement {
  const isOver = Boolean(key.revokedAt) || isPast(key.expiresAt);
  const cell = (label: string, ...content: (Node | string)[]) => {
    const element = h("td", { class: "labelled" }, ...content);
    element.dataset["label"] = label;
    return element;
  };
  return h(
    "tr",
    { class: isOver ? "is-over" : "" },
    h(
      "th",
      { class: "cell-name", scope: "row" },
      h("span", { class: "strong" }, key.name),
      isOwn ? h("span", { class: "muted" }, " (yours)") : null,
    ),
    cell("Role", key.role),
    cell("Begins with", h("code", {}, `sk_${key.prefix}`)),
    cell("State", stateOf(key)),
    cell("Made", formatTime(key.createdAt)),
    cell("Last used", key.lastUsedAt ? formatTime(key.lastUsedAt) : "never"),
    h(
      "td",
      { class: "cell-action" },
      isOver
        ? null
        : h(
            "button",
            {
              class: "button small",
              type: "button",
              attrs: { "aria-label": `Revoke ${key.name}` },
              on: { click: () => void onRevoke(key, isOwn) },
            },
            "Revoke",
          ),
    ),
  );
}

function stateOf(key: ApiKeyRow): string {
  if (key.revokedAt) {
    return `revoked ${formatTime(key.revokedAt)}`;
  }
  if (key.expiresAt) {
    return isPast(key.expiresAt) ? `expired ${formatTime(key.expiresAt)}` : `valid until ${formatTime(key.expiresAt)}`;
  }
  return "valid";
}

const isPast = (instant: string | null | undefined): boolean => Boolean(instant) && Date.parse(instant!) <= Date.now();
