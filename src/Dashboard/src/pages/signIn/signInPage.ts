import { ApiClient } from "../../api/client";
import { describeError } from "../../api/apiError";
import { h, setText } from "../../ui/dom";
import type { PageView } from "../../shell/page";
import { looksLikeKey, storeKey } from "../../shell/session";

export function openSignInPage(onSignedIn: () => void, reason: string | null): PageView {
  const input = h("input", {
    id: "key",
    type: "password",
    autocomplete: "off",
    spellcheck: false,
    placeholder: "sk_…",
    required: true,
    attrs: { "aria-describedby": "key-help key-error" },
  });
  const keep = h("input", { type: "checkbox", id: "keep" });
  const error = h("p", { id: "key-error", class: "field-error", attrs: { role: "alert" } }, reason);
  const submit = h("button", { class: "button primary", type: "submit" }, "Sign in");

  const signIn = async (event: Event) => {
    event.preventDefault();
    const key = input.value.trim();
    if (!looksLikeKey(key)) {
      setText(error, "That does not look like a key: one begins with sk_ and has 55 characters.");
      input.focus();
      return;
    }
    submit.disabled = true;
    try {
      await new ApiClient(key).getOwnKey();
      storeKey(key, keep.checked);
      onSignedIn();
    } catch (failure) {
      setText(error, describeError(failure));
      input.focus();
    } finally {
      submit.disabled = false;
    }
  };

  const form = h(
    "form",
    { class: "sign-in", on: { submit: (event: SubmitEvent) => void signIn(event) } },
    h("h1", {}, "Sign in"),
    h(
      "p",
      { class: "muted", id: "key-help" },
      "The service shows an admin key once, at its first start, together with a link that signs you in. " +
        "Other keys come from an administrator.",
    ),
    h("label", { attrs: { for: "key" } }, "API key"),
    input,
    error,
    h("label", { class: "check", attrs: { for: "keep" } }, keep, "Keep me signed in in this browser"),
    submit,
  );
  queueMicrotask(() => input.focus());
  return { title: "Sign in", element: form, dispose: () => {} };
}
