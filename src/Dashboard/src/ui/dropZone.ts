import { h } from "./dom";

export interface DropZone {
  element: HTMLElement;
  dispose(): void;
}

/** Takes files that are dropped anywhere on the page, or chosen with a button (which is what the keyboard uses). */
export function createDropZone(title: string, text: string, action: string, onFiles: (files: File[]) => void): DropZone {
  const input = h("input", {
    type: "file",
    multiple: true,
    hidden: true,
    on: {
      change: () => {
        take([...(input.files ?? [])]);
        input.value = ""; // The same files may be chosen again.
      },
    },
  });
  const element = h(
    "div",
    { class: "drop-zone" },
    h("p", { class: "drop-title" }, title),
    h("p", { class: "muted small" }, text),
    h("button", { class: "button", type: "button", on: { click: () => input.click() } }, action),
    input,
  );
  const take = (files: File[]) => {
    if (files.length > 0) {
      onFiles(files);
    }
  };

  // On the window: a file that misses the box would otherwise be opened by the browser in place of the page.
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  const over = (event: DragEvent) => {
    if (hasFiles(event)) {
      event.preventDefault();
      element.classList.add("is-over");
    }
  };
  const leave = (event: DragEvent) => {
    if (event.relatedTarget === null) {
      element.classList.remove("is-over");
    }
  };
  const drop = (event: DragEvent) => {
    if (hasFiles(event)) {
      event.preventDefault();
      element.classList.remove("is-over");
      take([...(event.dataTransfer?.files ?? [])]);
    }
  };
  window.addEventListener("dragover", over);
  window.addEventListener("dragleave", leave);
  window.addEventListener("drop", drop);
  return {
    element,
    dispose() {
      window.removeEventListener("dragover", over);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    },
  };
}
