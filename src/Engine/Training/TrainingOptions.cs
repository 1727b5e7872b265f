using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace SparseService.Engine.Training;

/// <summary>
/// Everything that decides the result of a training run, from the JSON body to the kernel. Defaults are those of
/// <i>Truly Sparse Neural Networks at Scale</i> (arXiv 2102.01732). The ranges here are those of the JSON schema, for whoever fills in a
/// spec; what is accepted is decided by <see cref="TrainingOptionsValidator"/>, and a test holds the one against the other.
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>Root of every random draw: each is a function of (seed, purpose, epoch, layer).</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Passes over the training part, 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int Epochs { get; init; } = 10;

    /// <summary>Samples per optimizer update, 1 to 65,536. A last, smaller minibatch is dropped, as in the authors' code.</summary>
    [Range(1, 65_536)]
    public int BatchSize { get; init; } = 128;

    public required NetworkOptions Network { get; init; }

    public LossKind Loss { get; init; } = LossKind.SoftmaxCrossEntropy;

    public OptimizerOptions Optimizer { get; init; } = new();

    public ScheduleOptions Schedule { get; init; } = new();

    /// <summary>Share of hidden activations dropped in training, 0 to 0.95; kept ones are scaled by 1/(1−dropout).</summary>
    [Range(0.0, 0.95)]
    public double Dropout { get; init; }

    public DataOptions Data { get; init; } = new();

    /// <summary>How connections move during training; null trains a fixed topology.</summary>
    // Written also when null: a stored spec without it would be read back as one with the default evolution.
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public EvolutionOptions? Evolution { get; init; } = new();

    /// <summary>Importance pruning; null prunes nothing.</summary>
    public PruningOptions? Pruning { get; init; }

    public CheckpointOptions Checkpoints { get; init; } = new();

    /// <summary>How sums over connections are made; null: fixedPoint, whose bits do not depend on the number of ranks, but float where workers average models.</summary>
    public Summation? Summation { get; init; }

    /// <summary>Several workers on one network; null trains on one.</summary>
    public ParallelTrainingOptions? Parallel { get; init; }

    /// <summary>What computes; null leaves it to the worker. Results differ between backends by rounding, and are the same bits on each.</summary>
    public BackendKind? Backend { get; init; }

    internal bool HasFixedPointSums => Summation != Training.Summation.Float && Parallel is null or { Method: ParallelMethod.Partitioned };
}

public enum BackendKind
{
    /// <summary>Scalar code on one thread, the judge of the others. Slow.</summary>
    Reference,

    /// <summary>The processor's registers and threads.</summary>
    Simd,

    /// <summary>A device by OpenCL, e.g. a GPU. The worker must have one. For one worker, not with <see cref="TrainingOptions.Parallel"/>.</summary>
    Opencl,

    /// <summary>An NVIDIA GPU by CUDA's driver, without OpenCL; otherwise as <see cref="Opencl"/>.</summary>
    Cuda,

    /// <summary>A device by ILGPU: CUDA, or OpenCL 2. In builds that have the package. For one worker, as <see cref="Opencl"/>.</summary>
    Ilgpu,
}

public static class BackendKinds
{
    /// <summary>Whether it computes on a device of its own, which it shares with nobody.</summary>
    public static bool IsDevice(this BackendKind kind) => kind is BackendKind.Opencl or BackendKind.Cuda or BackendKind.Ilgpu;
}

public sealed record NetworkOptions
{
    /// <summary>Width of every layer, input first and output last, e.g. [784, 1000, 1000, 1000, 10].</summary>
    [MinLength(2), MaxLength(64)]
    public required IReadOnlyList<int> Layers { get; init; }

    public TopologyOptions Topology { get; init; } = new();

    /// <summary>Distribution of first and of regrown weights.</summary>
    public WeightDistribution Weights { get; init; } = WeightDistribution.HeUniform;

    /// <summary>Activation of every hidden layer.</summary>
    public ActivationOptions Activation { get; init; } = new();
}

public enum TopologyKind
{
    /// <summary>Each connection exists with probability epsilon·(in + out)/(in·out).</summary>
    ErdosRenyi,

    /// <summary>Layer densities ∝ (in + out)/(in·out), scaled to the overall <see cref="TopologyOptions.Density"/> (RigL's ERK).</summary>
    ErdosRenyiKernel,

    /// <summary>The same <see cref="TopologyOptions.Density"/> in every layer.</summary>
    Uniform,

    /// <summary>The user's own <see cref="TopologyOptions.Edges"/>.</summary>
    Edges,
}

public sealed record TopologyOptions
{
    public TopologyKind Kind { get; init; } = TopologyKind.ErdosRenyi;

    /// <summary>Sparsity parameter of <see cref="TopologyKind.ErdosRenyi"/>, above 0.</summary>
    [Range(0.0, 1e9, MinimumIsExclusive = true)]
    public double Epsilon { get; init; } = 20;

    /// <summary>Overall (ERK) or per-layer (uniform) density, above 0, at most 1.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double? Density { get; init; }

    /// <summary>For <see cref="TopologyKind.Edges"/>: per layer a list of [from, to] pairs (input neuron, output neuron), from 0.</summary>
    public IReadOnlyList<IReadOnlyList<int[]>>? Edges { get; init; }
}

public enum WeightDistribution
{
    /// <summary>U(−a, a), a = √(6/n_in), n_in = the full width of the layer's input.</summary>
    HeUniform,

    /// <summary>U(−a, a), a = √(6/(n_in + n_out)).</summary>
    XavierUniform,

    /// <summary>N(0, 1)/10.</summary>
    Normal,

    /// <summary>
    /// U(−a, a), a = √(6/fan-in), fan-in = the layer's connections per output neuron: keeps a signal's size through many layers with few connections
    /// each, where the full widths of the others let it vanish (Evci et al., arXiv 2010.03533, section 3).
    /// </summary>
    SparseHeUniform,
}

public enum ActivationKind
{
    Linear,
    Relu,
    LeakyRelu,
    AllRelu,
    SRelu,
    Tanh,
    Sigmoid,
}

public sealed record ActivationOptions
{
    public ActivationKind Kind { get; init; } = ActivationKind.Relu;

    /// <summary>Left slope of leaky ReLU, alpha of All-ReLU (0 to 10).</summary>
    [Range(0.0, 10.0)]
    public double Slope { get; init; } = 0.6;

    /// <summary>SReLU with fixed parameters; see <see cref="SReluOptions"/>.</summary>
    public SReluOptions SRelu { get; init; } = new();
}

/// <summary>f(x) = tr + ar·(x − tr) for x ≥ tr; x between; tl + al·(x − tl) for x ≤ tl.</summary>
public sealed record SReluOptions
{
    [Range(-1000.0, 1000.0)]
    public double LeftThreshold { get; init; }

    [Range(-10.0, 10.0)]
    public double LeftSlope { get; init; } = 0.2;

    [Range(-1000.0, 1000.0)]
    public double RightThreshold { get; init; } = 1;

    [Range(-10.0, 10.0)]
    public double RightSlope { get; init; } = 1;
}

public enum LossKind
{
    SoftmaxCrossEntropy,

    /// <summary>Sigmoid output and binary cross-entropy; one output neuron for two classes.</summary>
    BinaryCrossEntropy,

    /// <summary>Linear output and ½·mean squared error: regression.</summary>
    SquaredError,
}

/// <summary>How the terms of a preactivation and of an input gradient are added up.</summary>
public enum Summation
{
    /// <summary>As floats, in the order of the connections. Another order, as with another number of ranks, rounds otherwise.</summary>
    Float,

    /// <summary>
    /// As multiples of a power of two that follows the layer's largest signal, 16 bits and more below it: the same bits in any order, so that a partitioned training does
    /// what a sequential one does, however many ranks it has. As fast.
    /// </summary>
    FixedPoint,
}

public enum OptimizerKind
{
    Sgd,
    Adam,
}

public sealed record OptimizerOptions
{
    public OptimizerKind Kind { get; init; } = OptimizerKind.Sgd;

    /// <summary>Above 0, at most 100.</summary>
    [Range(0.0, 100.0, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 0.01;

    /// <summary>SGD: V ← momentum·V − rate·dW. 0 to below 1.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Momentum { get; init; } = 0.9;

    /// <summary>SGD: W ← W + momentum·V − rate·dW in place of W ← W + V.</summary>
    public bool Nesterov { get; init; }

    /// <summary>Decoupled decay per step: W ← W − weightDecay·W, not multiplied by the rate, as in the authors' code. 0 to below 1.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double WeightDecay { get; init; }

    /// <summary>Adam only.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam only.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Adam only.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double Epsilon { get; init; } = 1e-8;
}

public enum ScheduleKind
{
    Constant,
    Step,
    Cosine,
}

public sealed record ScheduleOptions
{
    public ScheduleKind Kind { get; init; } = ScheduleKind.Constant;

    /// <summary>Epoch e of the first warmupEpochs runs at rate·e/(warmupEpochs + 1); then the schedule proper begins. 0 = none.</summary>
    [Range(0, 99_999)]
    public int WarmupEpochs { get; init; }

    /// <summary>Step: the rate is multiplied by <see cref="Factor"/> after each of these epochs, ascending.</summary>
    public IReadOnlyList<int> StepEpochs { get; init; } = [];

    /// <summary>Step: above 0, at most 1.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double Factor { get; init; } = 0.1;

    /// <summary>Cosine: the rate at the last epoch, as a share of the full rate. 0 to 1.</summary>
    [Range(0.0, 1.0)]
    public double Minimum { get; init; }
}

public enum NormalizationKind
{
    None,

    /// <summary>(x − mean)/std per feature; a constant feature becomes 0.</summary>
    Standardize,

    /// <summary>(x − min)/(max − min) per feature; a constant feature becomes 0.</summary>
    Scale,
}

public sealed record DataOptions
{
    /// <summary>Statistics always come from the training part only.</summary>
    public NormalizationKind Normalization { get; init; } = NormalizationKind.Standardize;

    /// <summary>Share of rows held out as test part when the dataset brings no test part of its own. Above 0, below 1.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double TestShare { get; init; } = 0.2;
}

public sealed record EvolutionOptions
{
    public EvolutionKind Kind { get; init; } = EvolutionKind.Set;

    /// <summary>SET's ζ: share of each sign's connections replaced at an update. Above 0, below 1.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double DropFraction { get; init; } = 0.3;

    /// <summary>Epochs between updates, at least 1. There is none after the last epoch.</summary>
    [Range(1, 100_000)]
    public int EveryEpochs { get; init; } = 1;

    /// <summary>Whether the last layer (hidden → output) evolves too. The authors' newer code leaves it alone.</summary>
    public bool IncludeOutputLayer { get; init; }

    /// <summary>What a new connection starts from.</summary>
    public NewWeights NewWeights { get; init; } = NewWeights.Initial;
}

public enum EvolutionKind
{
    Set,
}

public enum NewWeights
{
    /// <summary>A fresh draw from <see cref="NetworkOptions.Weights"/>, as SET does.</summary>
    Initial,

    /// <summary>0: an update changes what the network computes by the dropped connections only. For deep networks of few connections to a neuron.</summary>
    Zero,
}

/// <summary>Importance pruning: hidden neurons whose incoming strength Σ|w| is at or below a percentile are removed.</summary>
public sealed record PruningOptions
{
    /// <summary>In-training pruning happens after epochs above this one; null = none in training.</summary>
    [Range(0, int.MaxValue)]
    public int? StartEpoch { get; init; }

    /// <summary>Epochs between prunings, at least 1.</summary>
    [Range(1, 100_000)]
    public int EveryEpochs { get; init; } = 10;

    /// <summary>0 to below 100: percentile of the strengths of a layer's neurons.</summary>
    [Range(0.0, 100.0, MaximumIsExclusive = true)]
    public double Percentile { get; init; } = 20;

    /// <summary>One-shot pruning after the last epoch at this percentile; null = none.</summary>
    [Range(0.0, 100.0, MaximumIsExclusive = true)]
    public double? FinalPercentile { get; init; }
}

public sealed record CheckpointOptions
{
    /// <summary>Epochs between checkpoints, at least 1. The last epoch always has one.</summary>
    [Range(1, 100_000)]
    public int EveryEpochs { get; init; } = 1;

    /// <summary>How many of the newest are kept, 1 to 1000; the best one by test accuracy (or loss) is kept besides.</summary>
    [Range(1, 1000)]
    public int Keep { get; init; } = 3;
}
