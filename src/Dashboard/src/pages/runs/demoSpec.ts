import type { RunSpec } from "../../api/types";

/** Long enough to be watched, some seconds on a laptop, and its input importance is a picture that a person can read. */
export const demoSpec: RunSpec = {
  name: "demo: glyphs",
  labels: { demo: "glyphs" },
  dataset: { generated: { kind: "glyphs", trainSamples: 10_000, testSamples: 1000, seed: 1 } },
  training: {
    seed: 1,
    epochs: 40,
    batchSize: 128,
    network: {
      layers: [784, 1000, 1000, 10],
      topology: { kind: "erdosRenyi", epsilon: 20 },
      activation: { kind: "allRelu", slope: 0.6 },
    },
    optimizer: { learningRate: 0.01, momentum: 0.9 },
    dropout: 0.2,
    evolution: { kind: "set", dropFraction: 0.3 },
  },
};
