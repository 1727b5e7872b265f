namespace SparseService.Engine.Partitioning;

/// <summary>What may be spent on a partition. Threads do not change the result.</summary>
public sealed record PartitionEffort
{
    /// <summary>0 = one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>Looked at between the steps of a layer.</summary>
    public CancellationToken Cancellation { get; init; }
}
