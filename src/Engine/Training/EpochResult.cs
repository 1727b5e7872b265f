namespace SparseService.Engine.Training;

/// <summary>What one epoch did: training, then test, then (not after the last) pruning and evolution.</summary>
public sealed record EpochResult
{
    /// <summary>From 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Optimizer updates since the start of the run.</summary>
    public required long Step { get; init; }

    /// <summary>Mean training loss over the epoch's minibatches.</summary>
    public required double Loss { get; init; }

    /// <summary>Share of training samples classified right during the epoch, dropout on; null in regression.</summary>
    public double? TrainAccuracy { get; init; }

    public required double TestLoss { get; init; }

    /// <summary>Share of test samples classified right; null in regression.</summary>
    public double? TestAccuracy { get; init; }

    /// <summary>Stored connections of the network that was tested, before this epoch's pruning and evolution.</summary>
    public required long Nnz { get; init; }

    /// <summary><see cref="Nnz"/> / connections of the dense twin.</summary>
    public required double Density { get; init; }

    public required double LearningRate { get; init; }

    /// <summary>Root mean square over the epoch's steps of the L2 norm of the whole gradient (weights and biases).</summary>
    public required double GradientNorm { get; init; }

    public required double TrainSeconds { get; init; }

    public required double EvolutionSeconds { get; init; }

    public required double TestSeconds { get; init; }

    public required double SamplesPerSecond { get; init; }

    public required NetworkStatistics Statistics { get; init; }

    /// <summary>What each rank did in the epoch, by rank; null in sequential training.</summary>
    public IReadOnlyList<RankStatistics>? Ranks { get; init; }

    /// <summary>Useful work of the training, in 10⁹ operations a second: a multiply and an add for each connection and sample in
    /// the forward pass, the weights' gradient and (not in layer 1) the input's gradient. What the kernels do beside it does not count.</summary>
    public double GigaflopsPerSecond => SamplesPerSecond * Statistics.Layers.Sum(layer => (layer.Layer == 1 ? 4.0 : 6.0) * layer.Nnz) / 1e9;
}

/// <summary>What one rank of a parallel training did in an epoch.</summary>
public sealed record RankStatistics
{
    public required int Rank { get; init; }

    /// <summary>Samples that it trained on (of its own rows in partitioned training: each rank sees every sample there).</summary>
    public long Samples { get; init; }

    /// <summary>Bytes that it sent to other ranks.</summary>
    public long BytesSent { get; init; }

    public long MessagesSent { get; init; }

    /// <summary>Time in which it waited for others.</summary>
    public double WaitingSeconds { get; init; }

    /// <summary>Time in which it trained, waiting included.</summary>
    public double TrainSeconds { get; init; }

    /// <summary>Part of an epoch (training, evolution and test) in which it waited for others, 0 to 1.</summary>
    public double WaitingShareOf(EpochResult epoch)
    {
        var seconds = Math.Max(TrainSeconds, epoch.TrainSeconds + epoch.EvolutionSeconds + epoch.TestSeconds);
        return seconds > 0 ? Math.Min(1, WaitingSeconds / seconds) : 0;
    }

    /// <summary>WASAP: entry s counts the updates that were s updates old when they were applied; the last entry also all older ones. Else null.</summary>
    public IReadOnlyList<long>? Staleness { get; init; }
}

/// <summary>Exact statistics of the network of one epoch, taken before evolution; births, deaths and prunings are this epoch's.</summary>
public sealed record NetworkStatistics
{
    /// <summary>One entry per weight layer, first = input → first hidden.</summary>
    public required IReadOnlyList<LayerStatistics> Layers { get; init; }

    /// <summary>Outgoing strength Σ|w| of each input feature; length = input width.</summary>
    public required IReadOnlyList<float> InputImportance { get; init; }
}

/// <summary>Statistics of one weight layer and of the neurons that it feeds.</summary>
public sealed record LayerStatistics
{
    /// <summary>From 1; layer 1 connects the input to the first hidden layer.</summary>
    public required int Layer { get; init; }

    public required int Inputs { get; init; }

    public required int Outputs { get; init; }

    public required long Nnz { get; init; }

    public required double Density { get; init; }

    /// <summary>Connections grown by this epoch's evolution.</summary>
    public long Births { get; init; }

    /// <summary>Connections dropped by this epoch's evolution (pruned ones not counted).</summary>
    public long Deaths { get; init; }

    /// <summary>Connections removed by this epoch's importance pruning.</summary>
    public long PrunedConnections { get; init; }

    /// <summary>Neurons of this layer removed by importance pruning so far.</summary>
    public int PrunedNeurons { get; init; }

    /// <summary>Neurons without incoming or (hidden layers) without outgoing connections.</summary>
    public int DisconnectedNeurons { get; init; }

    /// <summary>Connected hidden neurons whose output was 0 for every test sample.</summary>
    public int DeadNeurons { get; init; }

    /// <summary>The first ten dead neurons, by index in their layer.</summary>
    public IReadOnlyList<int> Dead { get; init; } = [];

    /// <summary>Connections into each neuron of this layer; null in statistics written before there was such a thing.</summary>
    public DegreeDistribution? FanIn { get; init; }

    /// <summary>Connections out of each neuron (or feature) that feeds this layer.</summary>
    public DegreeDistribution? FanOut { get; init; }

    /// <summary>Share of all positions that have ever held a connection (ITOP's R_s); estimated within 1 % standard error.</summary>
    public double ExplorationRate { get; init; }

    /// <summary>Root mean square over the epoch's steps of the L2 norm of dW of this layer.</summary>
    public double GradientNorm { get; init; }

    /// <summary>Incoming strength Σ|w| of this layer's neurons.</summary>
    public required ImportanceDistribution Importance { get; init; }
}

/// <summary>Distribution of neuron importance I_j = Σ_i |w_ij| in one layer.</summary>
public sealed record ImportanceDistribution
{
    public required double Minimum { get; init; }

    public required double Maximum { get; init; }

    public required double Mean { get; init; }

    public required double Median { get; init; }

    /// <summary>Counts in 20 equal bins between <see cref="Minimum"/> and <see cref="Maximum"/>.</summary>
    public required IReadOnlyList<int> Histogram { get; init; }

    /// <summary>The ten most important neurons, strongest first.</summary>
    public required IReadOnlyList<NeuronImportance> Top { get; init; }
}

/// <summary>How many neurons have how many connections.</summary>
/// <param name="BinWidth">Degrees that one bin counts; 1 where there are few different ones.</param>
/// <param name="Histogram">Counts of neurons in at most 20 bins; the first begins at <paramref name="Minimum"/>.</param>
public sealed record DegreeDistribution(int Minimum, int Maximum, double Mean, int BinWidth, IReadOnlyList<int> Histogram);

/// <param name="Neuron">Index in its layer, from 0.</param>
/// <param name="Importance">Σ|w| of its incoming connections.</param>
public readonly record struct NeuronImportance(int Neuron, float Importance);

/// <summary>Progress inside an epoch, reported after every optimizer update.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Step">Updates since the start of the run, from 1.</param>
/// <param name="StepsPerEpoch">Updates of a whole epoch.</param>
/// <param name="Loss">Mean loss of the minibatch.</param>
public readonly record struct StepResult(int Epoch, long Step, int StepsPerEpoch, double Loss);
