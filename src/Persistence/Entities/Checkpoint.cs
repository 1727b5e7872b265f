namespace SparseService.Persistence.Entities;

/// <summary>A published checkpoint: row and bytes appear in one transaction or not at all.</summary>
public sealed class Checkpoint
{
    public Guid Id { get; set; }

    public Guid RunId { get; set; }

    /// <summary>Epochs finished.</summary>
    public int Epoch { get; set; }

    public long Step { get; set; }

    public required string BlobHash { get; set; }

    public long Bytes { get; set; }

    public long Nnz { get; set; }

    public double? TestLoss { get; set; }

    public double? TestAccuracy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>A trained model: published when its run succeeds, or made of one of its checkpoints.</summary>
public sealed class Model
{
    public Guid Id { get; set; }

    public Guid RunId { get; set; }

    /// <summary>The checkpoint that it was promoted from, which may be gone by now; null = the run's own result.</summary>
    public Guid? CheckpointId { get; set; }

    /// <summary>Epochs behind it; null = all of the run's.</summary>
    public int? Epoch { get; set; }

    public Guid OwnerId { get; set; }

    public required string Name { get; set; }

    public required string BlobHash { get; set; }

    public long Bytes { get; set; }

    /// <summary>Bytes of the dense float32 twin.</summary>
    public long DenseBytes { get; set; }

    public long Nnz { get; set; }

    public long DenseParameters { get; set; }

    public int Features { get; set; }

    public int Outputs { get; set; }

    public List<string> ClassNames { get; set; } = [];

    public double? TestAccuracy { get; set; }

    public double? TestLoss { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}
