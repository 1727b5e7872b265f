import { createKey, type CreatedKey } from "../../api/admin";
import { describeError } from "../../api/apiError";
import type { ApiClient } from "../../api/client";
import { roles, type Role } from "../../shell/roles";
import { h, setText } from "../../ui/dom";
import { createField } from "../../ui/field";
import { showToast } from "../../ui/toast";

const roleWords: Record<Role, string> = {
  viewer: "viewer: reads everything",
  submitter: "submitter: also uploads and trains",
  admin: "admin: also keys and others' runs",
};
const lifetimes: [days: number, words: string][] = [
  [0, "never"],
  [1, "in a day"],
  [7, "in a week"],
  [30, "in 30 days"],
  [90, "in 90 days"],
  [365, "in a year"],
];
const dayMs = 86_400_000;

/** Makes a key and shows it this one time. */
export function createKeyForm(api: ApiClient, onCreated: () => void): HTMLElement {
  const name = h("input", { class: "input", maxLength: 200, required: true, placeholder: "nightly-build", autocomplete: "off" });
  const role = h(
    "select",
    { class: "input" },
    roles.map(each => h("option", { value: each, selected: each === "submitter" }, roleWords[each])),
  );
  const lifetime = h("select", { class: "input" }, lifetimes.map(([days, words]) => h("option", { value: String(days) }, words)));
  const fault = h("p", { class: "field-error", attrs: { role: "alert" }, hidden: true });
  const submit = h("button", { class: "button primary", type: "submit" }, "Make a key");
  const made = h("div", { attrs: { "aria-live": "polite" } });

  const create = async (): Promise<void> => {
    submit.disabled = true;
    try {
      const days = Number(lifetime.value);
      const created = await createKey(api, {
        name: name.value.trim(),
        role: role.value as Role,
        ...(days > 0 ? { expiresAt: new Date(Date.now() + days * dayMs).toISOString() } : {}),
      });
      fault.hidden = true;
      name.value = "";
      made.replaceChildren(createSecret(created, () => made.replaceChildren()));
      onCreated();
    } catch (error) {
      fault.hidden = false;
      setText(fault, describeError(error));
      name.focus();
    } finally {
      submit.disabled = false;
    }
  };
  return h(
    "div",
    { class: "key-making" },
    h(
      "form",
      { class: "form key-form", on: { submit: (event: SubmitEvent) => (event.preventDefault(), void create()) } },
      h(
        "div",
        { class: "form-row" },
        createField("key-name", "Name", name),
        createField("key-role", "Role", role),
        createField("key-lifetime", "Expires", lifetime),
        h("div", { class: "field key-submit" }, submit),
      ),
      fault,
    ),
    made,
  );
}

function createSecret({ secret, key }: CreatedKey, onClose: () => void): HTMLElement {
  const text = h("input", {
    class: "input secret",
    readOnly: true,
    value: secret,
    attrs: { "aria-label": `The key ${key.name}` },
    on: { focus: () => text.select() },
  });
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(secret);
      showToast("Copied.");
    } catch {
      // Browsers keep the clipboard from pages that did not come over TLS or from this machine.
      text.focus();
      showToast("This browser does not let the page copy. The key is selected: press Ctrl+C.");
    }
  };
  return h(
    "div",
    { class: "notice secret-notice" },
    h(
      "p",
      {},
      h("strong", {}, `The key “${key.name}” (${key.role}). `),
      "Copy it now: it is shown this one time, and the service keeps only its hash.",
    ),
    h(
      "div",
      { class: "secret-row" },
      text,
      h("button", { class: "button primary", type: "button", on: { click: () => void copy() } }, "Copy"),
      h("button", { class: "button", type: "button", on: { click: onClose } }, "Done"),
    ),
  );
}
