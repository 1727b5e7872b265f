namespace SparseService.Engine.Training;

/// <summary>What a spec will cost, known before it is trained: <c>POST /v1/topologies/preview</c>.</summary>
public sealed record RunForecast
{
    public required IReadOnlyList<LayerForecast> Layers { get; init; }

    public required long Nnz { get; init; }

    public required long DenseParameters { get; init; }

    public required double Density { get; init; }

    /// <summary>Bytes of the stored model: values, indices, offsets, biases.</summary>
    public required long ModelBytes { get; init; }

    /// <summary>Bytes of the dense float32 twin.</summary>
    public required long DenseModelBytes { get; init; }

    /// <summary>Peak bytes of the trainer: model, transpose index, optimizer state, activations.</summary>
    public required long TrainingBytes { get; init; }

    /// <summary>Floating point operations of one epoch over <c>trainRows</c> rows; null when the row count is not known.</summary>
    public double? FlopsPerEpoch { get; init; }

    /// <summary>At the rate of <see cref="AssumedFlopsPerSecond"/>; null when the row count is not known.</summary>
    public double? SecondsPerEpoch { get; init; }

    public required double AssumedFlopsPerSecond { get; init; }

    /// <summary>Computes the forecast. Draws the real topology when it is small enough, takes the expectation otherwise; never O(in·out).</summary>
    public static RunForecast Of(TrainingOptions options, long? trainRows = null) => throw new NotSupportedException();
}

/// <param name="Layer">From 1.</param>
/// <param name="Exact">True when <paramref name="Nnz"/> was counted on the topology that the run will start from; false = expectation.</param>
/// <param name="FanInHistogram">Number of output neurons by fan-in, in up to 20 equal bins; empty when not exact.</param>
/// <param name="FanOutHistogram">Number of input neurons by fan-out, likewise.</param>
public sealed record LayerForecast(
    int Layer, int Inputs, int Outputs, long Nnz, double Density, bool Exact,
    IReadOnlyList<DegreeBin> FanInHistogram, IReadOnlyList<DegreeBin> FanOutHistogram);

/// <summary>Number of neurons with a degree between <paramref name="From"/> and <paramref name="To"/>, both included.</summary>
public readonly record struct DegreeBin(int From, int To, int Neurons);
