import type { SpecDocument } from "../../spec/specDocument";
import { h, setText } from "../../ui/dom";
import { createPanel } from "../../ui/panel";

/** The spec as text. What is typed here is never rewritten; what the form changes is. */
export class JsonEditor {
  readonly element: HTMLElement;
  private readonly text = h("textarea", {
    class: "json-text",
    id: "spec-json",
    spellcheck: false,
    autocomplete: "off",
    wrap: "off",
    attrs: { "aria-label": "Spec as JSON", "aria-describedby": "spec-json-error" },
    on: { input: () => this.spec.setText(this.text.value) },
  });
  private readonly error = h("p", { class: "field-fault", id: "spec-json-error", attrs: { role: "status" } });

  constructor(private readonly spec: SpecDocument) {
    const { element, body } = createPanel("JSON", "json-panel", "what is sent to POST /v1/runs");
    body.append(this.text, this.error);
    this.element = element;
    spec.onChange(origin => this.refresh(origin !== "text"));
  }

  focus(): void {
    this.text.focus();
  }

  private refresh(writeText: boolean): void {
    if (writeText) {
      this.text.value = this.spec.text;
    }
    const fault = this.spec.textFault;
    setText(this.error, fault === null ? "" : `${fault} The form keeps the last spec that was one; changing it there replaces this text.`);
    if (fault === null) {
      this.text.removeAttribute("aria-invalid");
    } else {
      this.text.setAttribute("aria-invalid", "true");
    }
  }
}
