using System.ComponentModel.DataAnnotations;

namespace SparseService.Engine.Training;

/// <summary>Several workers ("ranks") train one network.</summary>
public sealed record ParallelTrainingOptions
{
    public required ParallelMethod Method { get; init; }

    /// <summary>Ranks that train, 1 to 1,024.</summary>
    [Range(1, 1024)]
    public int Workers { get; init; } = 2;

    public ParallelTransport Transport { get; init; } = ParallelTransport.Threads;

    /// <summary>WASAP and WASSP: share of the epochs that workers train for themselves at the end (phase 2), 0 to 1.</summary>
    [Range(0.0, 1.0)]
    public double LocalShare { get; init; } = 0.3;

    /// <summary>WASSP: epochs over which the rate grows from the spec's to workers times that. 0 to 100,000.</summary>
    [Range(0, 100_000)]
    public int WarmupEpochs { get; init; } = 5;

    /// <summary>WASAP: workers report in turn, so that a training is reproducible. Slower; for tests and comparisons.</summary>
    public bool LockStep { get; init; }

    /// <summary>Partitioned: who owns which neurons.</summary>
    public PartitionOptions Partition { get; init; } = new();

    /// <summary>WASAP and WASSP: how many of so many epochs workers train for themselves, at the end.</summary>
    internal int LocalEpochsOf(int epochs) => (int)Math.Round(LocalShare * epochs, MidpointRounding.AwayFromZero);
}

public enum ParallelMethod
{
    /// <summary>Asynchronous updates of one model, then local training and an average (arXiv 2102.01732, section 5 of the specification).</summary>
    Wasap,

    /// <summary>Synchronous updates with a warm-up, then local training and an average.</summary>
    Wassp,

    /// <summary>Each rank owns rows of every layer; equal to sequential training but for rounding (arXiv 2104.11805).</summary>
    Partitioned,
}

public enum ParallelTransport
{
    /// <summary>Threads of one process.</summary>
    Threads,

    /// <summary>Processes, also on several machines, started by <c>mpirun</c>.</summary>
    Mpi,
}

public sealed record PartitionOptions
{
    public PartitionKind Kind { get; init; } = PartitionKind.Hypergraph;

    /// <summary>ε: how much more work than the average a rank may have in a layer, 0 to 1.</summary>
    [Range(0.0, 1.0)]
    public double Imbalance { get; init; } = 0.01;

    /// <summary>
    /// Partition-aware evolution, of our own: probability with which a connection, one of the first or a new one, starts at a neuron of the same rank, 0 to 1:
    /// fewer values travel. Null draws from all neurons, as sequential training does. Inputs belong to no rank.
    /// </summary>
    [Range(0.0, 1.0)]
    public double? OwnColumns { get; init; }
}

public enum PartitionKind
{
    /// <summary>Least communication: multilevel hypergraph partitioning, layer by layer.</summary>
    Hypergraph,

    /// <summary>Neurons dealt out at random, the same number to each rank.</summary>
    Random,

    /// <summary>Neurons in contiguous blocks.</summary>
    Block,
}
