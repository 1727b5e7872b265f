using SparseService.Engine.Data;

namespace SparseService.Persistence.Entities;

/// <summary>An immutable dataset; a name may have many versions, numbered from 1, each with other content.</summary>
public sealed class Dataset
{
    public Guid Id { get; set; }

    public Guid OwnerId { get; set; }

    public required string Name { get; set; }

    public int Version { get; set; }

    /// <summary>SHA-256 of the sample store; also its blob.</summary>
    public required string ContentHash { get; set; }

    public DatasetFormat? Format { get; set; }

    public long Bytes { get; set; }

    public long Rows { get; set; }

    public long TrainRows { get; set; }

    public int Features { get; set; }

    public int Classes { get; set; }

    public List<string> ClassNames { get; set; } = [];

    public List<long> ClassCounts { get; set; } = [];

    public int? ImageHeight { get; set; }

    public int? ImageWidth { get; set; }

    public int? ImageChannels { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>A file on its way in: created with size and hash, filled by parts, completed, then consumed by a dataset.</summary>
public sealed class Upload
{
    public Guid Id { get; set; }

    public Guid OwnerId { get; set; }

    public required string FileName { get; set; }

    public long Bytes { get; set; }

    /// <summary>Declared by the client, checked at completion.</summary>
    public required string Sha256 { get; set; }

    /// <summary>Every part but the last has this size.</summary>
    public int PartBytes { get; set; }

    public bool Completed { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>Swept after this instant.</summary>
    public DateTimeOffset ExpiresAt { get; set; }
}

/// <summary>Primary key (UploadId, Number), Number from 0.</summary>
public sealed class UploadPart
{
    public Guid UploadId { get; set; }

    public int Number { get; set; }

    public required string Sha256 { get; set; }

    public required byte[] Bytes { get; set; }
}
