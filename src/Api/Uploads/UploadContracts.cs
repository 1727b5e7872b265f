namespace SparseService.Api.Uploads;

/// <summary>Announces a file.</summary>
public sealed record CreateUploadRequest : IRequestBody
{
    /// <summary>What the file is called; for people only.</summary>
    /// <example>train-images-idx3-ubyte.gz</example>
    public required string FileName { get; init; }

    /// <summary>Size of the whole file.</summary>
    /// <example>26421880</example>
    public required long Bytes { get; init; }

    /// <summary>SHA-256 of the whole file, 64 hex digits; checked when the upload is completed.</summary>
    /// <example>3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84</example>
    public required string Sha256 { get; init; }

    public IEnumerable<ApiFault> Faults()
    {
        if (!Names.IsAllowed(FileName))
        {
            yield return ApiFault.Of("$.fileName", FileName, Names.Allowed);
        }

        if (Bytes < 1)
        {
            yield return ApiFault.Of("$.bytes", Bytes, "at least 1");
        }

        if (!UploadHash.IsHex(Sha256))
        {
            yield return ApiFault.Of("$.sha256", Sha256, "64 hex digits");
        }
    }
}

public sealed record UploadResponse
{
    public required Guid Id { get; init; }

    public required string FileName { get; init; }

    public required long Bytes { get; init; }

    public required string Sha256 { get; init; }

    /// <summary>Size of every part but the last.</summary>
    public required int PartBytes { get; init; }

    /// <summary>How many parts make the file; they are numbered from 0.</summary>
    public required int Parts { get; init; }

    /// <summary>Numbers of the parts that are here. To resume, send the others.</summary>
    public required IReadOnlyList<int> ReceivedParts { get; init; }

    public required bool Completed { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The upload is removed after this instant.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    internal static UploadResponse From(Upload upload, IReadOnlyList<int> receivedParts) => new()
    {
        Id = upload.Id,
        FileName = upload.FileName,
        Bytes = upload.Bytes,
        Sha256 = upload.Sha256,
        PartBytes = upload.PartBytes,
        Parts = upload.PartCount(),
        ReceivedParts = receivedParts,
        Completed = upload.Completed,
        CreatedAt = upload.CreatedAt,
        ExpiresAt = upload.ExpiresAt,
    };
}
