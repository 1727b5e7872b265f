import type { ApiClient } from "../../api/client";
import { previewDataset, type DatasetPreview } from "../../api/datasets";
import type { Model } from "../../api/models";
import { createPanel } from "../../ui/panel";
import { createTabs, type Tab } from "../../ui/tabs";
import { createDrawTab } from "./drawTab";
import { createFileTab } from "./fileTab";
import { createRowTab } from "./rowTab";

const samplesShown = 16;
const valuesRead = 200_000;

/** Asks the model: with a drawing where its rows are images, with one row, or with a file. */
export function createPredictPanel(api: ApiClient, model: Model, signal: AbortSignal): { element: HTMLElement; dispose(): void } {
  const { element, body } = createPanel("Predict");
  // The dataset may be gone: then there are no samples to start from, and everything else works.
  const rows = Math.min(samplesShown, Math.max(1, Math.floor(valuesRead / model.features)));
  const samples = previewDataset(api, model.datasetId, 0, rows, signal)
    .then((preview): DatasetPreview | null => preview)
    .catch(() => null);
  const file = createFileTab(api, model, signal);
  const tabs: Tab[] = [
    { label: "A row", element: createRowTab(api, model, samples, signal) },
    { label: "A file", element: file.element },
  ];
  if (model.image) {
    tabs.unshift({ label: "A drawing", element: createDrawTab(api, model, model.image, samples, signal) });
  }
  body.append(createTabs("What to predict from", tabs));
  return { element, dispose: file.dispose };
}
