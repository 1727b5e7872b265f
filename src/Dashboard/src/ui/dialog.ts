import { h } from "./dom";

/** Asks before something that cannot be undone; true when the person agreed. */
export function confirmAction(title: string, text: string, action: string, danger = false): Promise<boolean> {
  return new Promise(resolve => {
    const agree = h("button", { class: danger ? "button danger" : "button primary", value: "yes" }, action);
    const dialog = h(
      "dialog",
      { class: "dialog", attrs: { "aria-labelledby": "dialog-title" } },
      h(
        "form",
        { method: "dialog" },
        h("h2", { id: "dialog-title" }, title),
        h("p", {}, text),
        h("div", { class: "dialog-actions" }, h("button", { class: "button", value: "no", autofocus: true }, "Back"), agree),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
