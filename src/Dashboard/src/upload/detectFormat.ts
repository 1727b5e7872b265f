export type DatasetFormat = "idx" | "csv" | "libSvm" | "npy" | "npz" | "matrix";

export const formats: readonly { value: DatasetFormat; label: string }[] = [
  { value: "idx", label: "IDX (MNIST files)" },
  { value: "csv", label: "CSV or TSV" },
  { value: "libSvm", label: "LibSVM" },
  { value: "npy", label: "NPY" },
  { value: "npz", label: "NPZ" },
  { value: "matrix", label: "plain matrix" },
];

export type FileRole = "train" | "test" | "trainSamples" | "trainLabels" | "testSamples" | "testLabels";

export const roleNames: Record<FileRole, string> = {
  train: "training part",
  test: "test part",
  trainSamples: "training samples",
  trainLabels: "training labels",
  testSamples: "test samples",
  testLabels: "test labels",
};

/** Which files a format needs, and which it may have besides. */
export const rolesOf: Record<DatasetFormat, { needed: FileRole[]; optional: FileRole[] }> = {
  idx: { needed: ["trainSamples", "trainLabels"], optional: ["testSamples", "testLabels"] },
  npy: { needed: ["trainSamples", "trainLabels"], optional: ["testSamples", "testLabels"] },
  matrix: { needed: ["trainSamples", "trainLabels"], optional: ["testSamples", "testLabels"] },
  csv: { needed: ["train"], optional: ["test"] },
  libSvm: { needed: ["train"], optional: ["test"] },
  npz: { needed: ["train"], optional: [] },
};

/** What the names of files say about them; a guess that the person may correct. */
export function detectFormat(names: readonly string[]): { format: DatasetFormat; roles: (FileRole | null)[] } {
  const plain = names.map(name => name.toLowerCase().replace(/\.gz$/, ""));
  const format = plain.map(formatOf).find(found => found !== null) ?? "csv";
  const { needed, optional } = rolesOf[format];
  const open = new Set<FileRole>([...needed, ...optional]);
  const roles = plain.map(name => {
    const role = roleOf(name, needed.includes("train"));
    return role !== null && open.delete(role) ? role : null;
  });
  // A single file of a kind that needs no more is the training part, whatever it is called.
  if (needed.length === 1 && names.length === 1) {
    roles[0] = needed[0]!;
  }
  return { format, roles };
}

/** A name for the dataset: what the files' names have in common besides their parts. */
export function suggestName(names: readonly string[]): string {
  const first = (names[0] ?? "").replace(/\.gz$/i, "").replace(/\.[^.]+$/, "");
  const stem = first.replace(/[-_. ]?(x|y|train|test|t10k|valid|images|labels|samples|data|idx\d|ubyte)(?=[-_. ]|$)/gi, "");
  return stem.replace(/^[-_. ]+|[-_. ]+$/g, "").replace(/[/\\;:]|\.\.+/g, "-") || "dataset";
}

function formatOf(name: string): DatasetFormat | null {
  return /idx\d|ubyte/.test(name) ? "idx"
    : /\.(csv|tsv)$/.test(name) ? "csv"
    : /\.(svm|libsvm|svmlight)$/.test(name) ? "libSvm"
    : name.endsWith(".npz") ? "npz"
    : name.endsWith(".npy") ? "npy"
    : /\.(data|labels)$/.test(name) ? "matrix"
    : null;
}

function roleOf(name: string, isWhole: boolean): FileRole | null {
  const isTest = /t10k|test|valid/.test(name);
  if (isWhole) {
    return isTest ? "test" : "train";
  }
  const isLabels = /label|(^|[-_.])y([-_.]|$)|idx1/.test(name);
  return isTest ? (isLabels ? "testLabels" : "testSamples") : isLabels ? "trainLabels" : "trainSamples";
}
