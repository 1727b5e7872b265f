import { describeError } from "../../api/apiError";
import type { ApiClient } from "../../api/client";
import { createDataset, type DatasetDetails } from "../../api/datasets";
import { formatBytes } from "../../format/format";
import { h, setText } from "../../ui/dom";
import { createField } from "../../ui/field";
import { createPanel } from "../../ui/panel";
import { createProgress, type Progress } from "../../ui/progress";
import { detectFormat, formats, roleNames, rolesOf, suggestName, type DatasetFormat, type FileRole } from "../../upload/detectFormat";
import { UploadApi } from "../../upload/uploadApi";
import { uploadFile, type UploadProgress } from "../../upload/uploadFile";

interface Row {
  file: File;
  role: HTMLSelectElement;
  progress: Progress;
  element: HTMLElement;
  /** Of the completed upload, once there is one. */
  uploadId: string | null;
}

/** The files that were dropped: what each of them is, how far it has come, and the dataset that they make. */
export class UploadPanel {
  readonly element: HTMLElement;
  private readonly files = h("div", { class: "upload-files" });
  private readonly name = h("input", { class: "input", id: "dataset-name", required: true, maxLength: 200 });
  private readonly format = h(
    "select",
    { class: "input", id: "dataset-format", on: { change: () => this.offerRoles() } },
    formats.map(({ value, label }) => h("option", { value }, label)),
  );
  private readonly label = h("input", { class: "input", id: "label-column", placeholder: "the last one", maxLength: 200 });
  private readonly labelField = createField("label-column", "Label column", this.label, "Its name, or its number from 1.");
  private readonly regression = h("input", { type: "checkbox" });
  private readonly status = h("p", { class: "upload-status", attrs: { role: "status" } });
  private readonly error = h("p", { class: "field-error", attrs: { role: "alert" } });
  private readonly submit = h("button", { class: "button primary", type: "submit" }, "Upload");
  private rows: Row[] = [];
  private abort = new AbortController();

  constructor(
    private readonly api: ApiClient,
    private readonly onDone: (dataset: DatasetDetails) => void,
    private readonly onChanged: () => void,
  ) {
    const panel = createPanel("Upload");
    const cancel = h("button", { class: "button", type: "button", on: { click: () => this.close() } }, "Cancel");
    const form = h(
      "form",
      {
        class: "form",
        on: {
          submit: (event: SubmitEvent) => {
            event.preventDefault();
            void this.send();
          },
        },
      },
      this.files,
      h(
        "div",
        { class: "form-row" },
        createField("dataset-name", "Dataset name", this.name, "Other content under the same name becomes its next version."),
        createField("dataset-format", "Format", this.format),
        this.labelField,
      ),
      h("label", { class: "check" }, this.regression, "The labels are numbers to predict, not classes"),
      this.error,
      h("div", { class: "form-actions" }, this.submit, cancel, this.status),
    );
    panel.body.append(form);
    this.element = panel.element;
    this.element.hidden = true;
  }

  dispose(): void {
    this.abort.abort();
  }

  take(files: File[]): void {
    this.abort.abort();
    const names = files.map(file => file.name);
    const { format, roles } = detectFormat(names);
    this.format.value = format;
    this.name.value = suggestName(names);
    this.rows = files.map((file, index) => this.createRow(file, index));
    this.files.replaceChildren(...this.rows.map(row => row.element));
    this.offerRoles(roles);
    this.tell("");
    setText(this.error, "");
    this.setBusy(false);
    this.element.hidden = false;
    this.element.scrollIntoView({ block: "nearest" });
    this.name.focus();
  }

  private close(): void {
    this.abort.abort();
    this.element.hidden = true;
    this.onChanged();
  }

  private createRow(file: File, index: number): Row {
    const id = `file-role-${index}`;
    const role = h("select", { class: "input", id });
    const progress = createProgress(`Upload of ${file.name}`);
    progress.update(0, formatBytes(file.size), "");
    const element = h(
      "div",
      { class: "upload-file" },
      h("label", { class: "upload-name", attrs: { for: id } }, file.name),
      role,
      progress.element,
    );
    return { file, role, progress, element, uploadId: null };
  }

  private offerRoles(guessed?: (FileRole | null)[]): void {
    const format = this.format.value as DatasetFormat;
    const roles = guessed ?? detectFormatAs(format, this.rows.map(row => row.file.name));
    const { needed, optional } = rolesOf[format];
    this.labelField.hidden = format !== "csv";
    this.rows.forEach((row, index) => {
      row.role.replaceChildren(
        h("option", { value: "" }, "leave out"),
        ...[...needed, ...optional].map(role => h("option", { value: role }, roleNames[role])),
      );
      row.role.value = roles[index] ?? "";
    });
  }

  private async send(): Promise<void> {
    const used = this.rows.filter(row => row.role.value !== "");
    const fault = this.faultOf(used);
    setText(this.error, fault);
    if (fault !== "") {
      return;
    }
    this.abort = new AbortController();
    const { signal } = this.abort;
    this.setBusy(true);
    try {
      const uploads = new UploadApi(this.api);
      for (const row of used) {
        this.tell(`Sending ${row.file.name} …`);
        const taken = used.flatMap(other => (other !== row && other.uploadId !== null ? [other.uploadId] : []));
        row.uploadId = await uploadFile(uploads, row.file, { signal, taken, onProgress: progress => show(row, progress) });
      }
      this.tell("The service reads the files …");
      const dataset = await createDataset(this.api, this.describe(used));
      if (!signal.aborted) {
        this.tell("Done.");
        this.onDone(dataset);
      }
    } catch (error) {
      if (!signal.aborted) {
        this.tell("");
        setText(this.error, describeError(error));
        setText(this.submit, "Try again");
        this.onChanged();
      }
    } finally {
      if (!signal.aborted) {
        this.setBusy(false);
      }
    }
  }

  private describe(used: Row[]): Parameters<typeof createDataset>[1] {
    const column = this.label.value.trim();
    return {
      name: this.name.value.trim(),
      format: this.format.value,
      files: Object.fromEntries(used.map(row => [row.role.value, row.uploadId!])),
      ...(this.format.value === "csv" && column !== "" && { labelColumn: column }),
      ...(this.regression.checked && { regression: true }),
    };
  }

  private faultOf(used: Row[]): string {
    const roles = used.map(row => row.role.value as FileRole);
    const twice = roles.find((role, index) => roles.indexOf(role) !== index);
    if (twice) {
      return `Two files are the ${roleNames[twice]}; choose another part for one of them.`;
    }
    const missing = rolesOf[this.format.value as DatasetFormat].needed.filter(role => !roles.includes(role));
    if (missing.length > 0) {
      const list = missing.map(role => roleNames[role]).join(" and the ");
      return `Of this format the ${list} is missing. Drop all files of the dataset at once.`;
    }
    return this.name.value.trim() === "" ? "Give the dataset a name." : "";
  }

  private tell(text: string): void {
    setText(this.status, text);
  }

  private setBusy(isBusy: boolean): void {
    this.submit.disabled = isBusy;
    for (const control of [this.name, this.format, this.label, this.regression, ...this.rows.map(row => row.role)]) {
      control.disabled = isBusy;
    }
    if (isBusy) {
      setText(this.submit, "Upload");
    }
  }
}

function show(row: Row, { phase, bytes, resumedBytes, retrying }: UploadProgress): void {
  const size = row.file.size;
  const share = size === 0 ? 1 : bytes / size;
  const resumed = resumedBytes > 0 ? `${formatBytes(resumedBytes)} were there already` : "";
  switch (phase) {
    case "checking":
      return row.progress.update(0, `checking, ${Math.floor(share * 100)} %`, "");
    case "sending":
      return row.progress.update(share, `${formatBytes(bytes)} of ${formatBytes(size)}`, retrying ?? resumed);
    case "done":
      return row.progress.update(1, `${formatBytes(size)} sent`, resumed);
  }
}

/** Roles for a format that the person chose, whatever the names would suggest. */
function detectFormatAs(format: DatasetFormat, names: string[]): (FileRole | null)[] {
  const { needed, optional } = rolesOf[format];
  const guessed = detectFormat(names);
  return guessed.format === format ? guessed.roles : names.map((_, index) => [...needed, ...optional][index] ?? null);
}
