namespace SparseService.Persistence.Entities;

public enum ApiRole
{
    /// <summary>Reads everything.</summary>
    Viewer,

    /// <summary>Also uploads data and creates and steers runs.</summary>
    Submitter,

    /// <summary>Also manages keys and other owners' runs.</summary>
    Admin,
}

/// <summary>A key is <c>sk_</c> + 8 characters of prefix + <c>_</c> + 43 characters of secret; only prefix and SHA-256 are stored.</summary>
public sealed class ApiKey
{
    public Guid Id { get; set; }

    public required string Name { get; set; }

    /// <summary>Public part, to look up and to recognise; unique.</summary>
    public required string Prefix { get; set; }

    /// <summary>SHA-256 of the whole key; compared in constant time.</summary>
    public required byte[] Hash { get; set; }

    public ApiRole Role { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? LastUsedAt { get; set; }

    /// <summary>Invalid from this instant on; null = never.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }
}

/// <summary>Remembers an answered POST; primary key (OwnerId, Key). Same key and body: same run; same key, other body: 409.</summary>
public sealed class IdempotencyKey
{
    public Guid OwnerId { get; set; }

    public required string Key { get; set; }

    public required byte[] BodyHash { get; set; }

    public Guid RunId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>A worker process, for people to see; nothing depends on it.</summary>
public sealed class WorkerNode
{
    /// <summary>host:pid:random; also <see cref="TrainingRun.LeaseOwner"/>.</summary>
    public required string Name { get; set; }

    public required string Version { get; set; }

    public int Slots { get; set; }

    public DateTimeOffset StartedAt { get; set; }

    public DateTimeOffset SeenAt { get; set; }
}
