namespace SparseService.Persistence.Local;

public sealed record LocalPostgresOptions
{
    /// <summary>Where the cluster, its log and its passwords live; made when it is not there.</summary>
    public required string Folder { get; init; }

    /// <summary>False switches fsync off: for tests, whose data may die with the machine.</summary>
    public bool Durable { get; init; } = true;
}
