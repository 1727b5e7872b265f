namespace SparseService.Persistence.Entities;

/// <summary>Immutable bytes addressed by their SHA-256 (lower-case hex), stored as <see cref="BlobChunk"/>s.</summary>
public sealed class Blob
{
    public required string Hash { get; set; }

    public long Bytes { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>Primary key (Hash, Number), Number from 0; every chunk but the last has 1 MiB.</summary>
public sealed class BlobChunk
{
    public required string Hash { get; set; }

    public int Number { get; set; }

    public required byte[] Bytes { get; set; }
}
