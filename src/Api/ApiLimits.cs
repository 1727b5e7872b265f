using System.ComponentModel.DataAnnotations;

namespace SparseService.Api;

/// <summary>What one client may take; configuration section <c>Limits</c>.</summary>
public sealed record ApiLimits
{
    /// <summary>Bytes of a file that may be uploaded.</summary>
    [Range(1, long.MaxValue)]
    public long UploadBytes { get; init; } = 16L << 30;

    /// <summary>Size of every part but an upload's last.</summary>
    [Range(1024, 64 << 20)]
    public int PartBytes { get; init; } = 8 << 20;

    /// <summary>Uploads that a key may have open at a time.</summary>
    [Range(1, int.MaxValue)]
    public int OpenUploads { get; init; } = 100;

    /// <summary>Hours until an upload that nobody used is swept.</summary>
    [Range(1, 24 * 365)]
    public int UploadHours { get; init; } = 48;

    /// <summary>Bytes of a dataset's files after decompression.</summary>
    [Range(1, long.MaxValue)]
    public long ExpandedBytes { get; init; } = 4L << 30;

    /// <summary>Bytes of a spec; edge lists need room.</summary>
    [Range(1024, 1 << 30)]
    public int SpecBytes { get; init; } = 16 << 20;

    /// <summary>Bytes of a prediction's body when its answer is not streamed.</summary>
    [Range(1024, 1 << 30)]
    public int PredictBytes { get; init; } = 16 << 20;

    /// <summary>Bytes of a prediction's body when its answer is streamed: what is read is not kept.</summary>
    [Range(1024, long.MaxValue)]
    public long PredictStreamBytes { get; init; } = 64L << 30;

    /// <summary>Seconds that one prediction may take, streamed ones too.</summary>
    [Range(1, 24 * 3600)]
    public int PredictSeconds { get; init; } = 3600;

    /// <summary>Rows of one prediction that is not streamed.</summary>
    [Range(1, int.MaxValue)]
    public int PredictRows { get; init; } = 100_000;

    /// <summary>Numbers in the answer of one prediction that is not streamed: rows times outputs.</summary>
    [Range(1, int.MaxValue)]
    public int PredictOutputs { get; init; } = 16 << 20;

    /// <summary>Bytes of the models that are kept loaded for predictions.</summary>
    [Range(0, long.MaxValue)]
    public long LoadedModelBytes { get; init; } = 512L << 20;

    /// <summary>Bytes that training a run may need by its forecast.</summary>
    [Range(1, long.MaxValue)]
    public long TrainingBytes { get; init; } = 16L << 30;

    /// <summary>Runs of a key that are not finished.</summary>
    [Range(1, int.MaxValue)]
    public int UnfinishedRuns { get; init; } = 1000;

    [Range(1, int.MaxValue)]
    public int RequestsPerSecond { get; init; } = 200;

    [Range(1, int.MaxValue)]
    public int RequestBurst { get; init; } = 1000;

    /// <summary>Wrong keys per address.</summary>
    [Range(1, int.MaxValue)]
    public int FailedAttemptsPerMinute { get; init; } = 60;

    /// <summary>Live connections, to the hub and as event streams, over all keys.</summary>
    [Range(1, int.MaxValue)]
    public int LiveConnections { get; init; } = 1000;

    /// <summary>Live connections of one key, so that it cannot take them all.</summary>
    [Range(1, int.MaxValue)]
    public int LiveConnectionsPerKey { get; init; } = 200;

    /// <summary>Runs that one connection to the hub may follow.</summary>
    [Range(1, int.MaxValue)]
    public int HubSubscriptions { get; init; } = 50;
}
