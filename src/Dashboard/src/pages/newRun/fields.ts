import type { SpecDocument } from "../../spec/specDocument";

/** A place of the spec that the form shows; what it may hold, its default and its hint come from the schema. */
export interface FieldPlace {
  path: string;
  label: string;
  /** Only shown when it means something. */
  when?: (spec: SpecDocument) => boolean;
}

export interface FieldGroup {
  title: string;
  /** Closed at first: what few people change. */
  isFurther?: boolean;
  fields: FieldPlace[];
}

const is =
  (path: string, standard: string, ...values: string[]) =>
  (spec: SpecDocument): boolean =>
    values.includes(String(spec.get(path) ?? standard));

const topology = "training.network.topology.kind";
const activation = "training.network.activation.kind";
const optimizer = "training.optimizer.kind";
const schedule = "training.schedule.kind";
const evolves = (spec: SpecDocument) => spec.get("training.evolution") !== null;
const isParallel = (spec: SpecDocument) => (spec.get("training.parallel") ?? null) !== null;
const averages = (spec: SpecDocument) => isParallel(spec) && is("training.parallel.method", "wasap", "wasap", "wassp")(spec);
const prunes = (spec: SpecDocument) => (spec.get("training.pruning") ?? null) !== null;

export const groups: readonly FieldGroup[] = [
  {
    title: "Network",
    fields: [
      { path: "training.network.layers", label: "Layers" },
      { path: topology, label: "Topology" },
      { path: "training.network.topology.epsilon", label: "Epsilon", when: is(topology, "erdosRenyi", "erdosRenyi") },
      { path: "training.network.topology.density", label: "Density", when: is(topology, "erdosRenyi", "uniform", "erdosRenyiKernel") },
      { path: activation, label: "Activation" },
      { path: "training.network.activation.slope", label: "Slope", when: is(activation, "relu", "leakyRelu", "allRelu") },
    ],
  },
  {
    title: "Training",
    fields: [
      { path: "training.epochs", label: "Epochs" },
      { path: "training.batchSize", label: "Batch size" },
      { path: "training.optimizer.learningRate", label: "Learning rate" },
      { path: "training.optimizer.momentum", label: "Momentum", when: is(optimizer, "sgd", "sgd") },
      { path: "training.dropout", label: "Dropout" },
      { path: "training.seed", label: "Seed" },
    ],
  },
  {
    title: "Evolution of the topology",
    fields: [
      { path: "training.evolution", label: "Evolution" },
      { path: "training.evolution.dropFraction", label: "Drop fraction", when: evolves },
      { path: "training.evolution.everyEpochs", label: "Every … epochs", when: evolves },
      { path: "training.pruning", label: "Importance pruning" },
      { path: "training.pruning.percentile", label: "Percentile", when: prunes },
      { path: "training.pruning.startEpoch", label: "After epoch", when: prunes },
      { path: "training.pruning.finalPercentile", label: "Percentile at the end", when: prunes },
    ],
  },
  {
    title: "Workers",
    fields: [
      { path: "training.parallel", label: "Workers" },
      { path: "training.parallel.method", label: "Method", when: isParallel },
      { path: "training.parallel.workers", label: "How many", when: isParallel },
      { path: "training.parallel.transport", label: "Transport", when: isParallel },
      { path: "training.parallel.localShare", label: "Local share at the end", when: averages },
    ],
  },
  {
    title: "Further settings",
    isFurther: true,
    fields: [
      { path: "training.loss", label: "Loss" },
      { path: "training.network.weights", label: "First weights" },
      { path: optimizer, label: "Optimizer" },
      { path: "training.optimizer.weightDecay", label: "Weight decay" },
      { path: "training.optimizer.nesterov", label: "Nesterov", when: is(optimizer, "sgd", "sgd") },
      { path: "training.optimizer.beta1", label: "Beta 1", when: is(optimizer, "sgd", "adam") },
      { path: "training.optimizer.beta2", label: "Beta 2", when: is(optimizer, "sgd", "adam") },
      { path: schedule, label: "Schedule" },
      { path: "training.schedule.warmupEpochs", label: "Warm-up epochs" },
      { path: "training.schedule.stepEpochs", label: "Steps after epochs", when: is(schedule, "constant", "step") },
      { path: "training.schedule.factor", label: "Factor of a step", when: is(schedule, "constant", "step") },
      { path: "training.schedule.minimum", label: "Last rate, as a share", when: is(schedule, "constant", "cosine") },
      { path: "training.data.normalization", label: "Normalisation" },
      { path: "training.data.testShare", label: "Test share" },
      { path: "training.evolution.includeOutputLayer", label: "Output layer evolves", when: evolves },
      { path: "training.evolution.newWeights", label: "New connections start from", when: evolves },
      { path: "training.pruning.everyEpochs", label: "Prune every … epochs", when: prunes },
      { path: "training.checkpoints.everyEpochs", label: "Checkpoint every … epochs" },
      { path: "training.checkpoints.keep", label: "Checkpoints kept" },
    ],
  },
];
