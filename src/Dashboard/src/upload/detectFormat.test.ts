import { describe, expect, it } from "vitest";
import { detectFormat, suggestName } from "./detectFormat";

describe("detectFormat", () => {
  it.each([
    [["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"],
      "idx", ["trainSamples", "testLabels", "trainLabels", "testSamples"]],
    [["madelon_train.data", "madelon_train.labels"], "matrix", ["trainSamples", "trainLabels"]],
    [["x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"], "npy", ["trainSamples", "trainLabels", "testSamples", "testLabels"]],
    [["test.csv", "train.csv"], "csv", ["test", "train"]],
    [["Iris.TSV.gz"], "csv", ["train"]],
    [["latest.csv"], "csv", ["train"]],
    [["all.npz"], "npz", ["train"]],
    [["a.svm", "b.svm"], "libSvm", ["train", null]],
    [["notes.txt"], "csv", ["train"]],
  ])("takes %j for %s", (names, format, roles) => expect(detectFormat(names)).toEqual({ format, roles }));
});

describe("suggestName", () => {
  it.each([
    [["madelon_train.data"], "madelon"],
    [["train-images-idx3-ubyte.gz"], "dataset"],
    [["Iris.csv.gz"], "Iris"],
  ])("makes of %j %s", (names, name) => expect(suggestName(names)).toBe(name));
});
