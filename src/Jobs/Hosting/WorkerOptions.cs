using System.ComponentModel.DataAnnotations;
using SparseService.Engine.Parallel.Ranks;

namespace SparseService.Jobs.Hosting;

/// <summary>Section <c>Worker</c> of the configuration.</summary>
public sealed record WorkerOptions
{
    public const string Section = "Worker";

    /// <summary>Runs trained at the same time by this process.</summary>
    [Range(1, 64)]
    public int Slots { get; init; } = 1;

    /// <summary>Threads of each run; 0 = processors / slots.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }

    /// <summary>Backend of the runs whose spec names none; null = simd.</summary>
    public string? Backend { get; init; }

    /// <summary>A worker that is not heard of for so long has lost its runs.</summary>
    [Range(1, 3600)]
    public int LeaseSeconds { get; init; } = 30;

    /// <summary>How often the queue is looked at when nothing rings.</summary>
    [Range(0.05, 60)]
    public double PollSeconds { get; init; } = 2;

    /// <summary>Most time between the wish to stop and the end of the process: for checkpoints and the release of leases.</summary>
    [Range(1, 3600)]
    public int ShutdownSeconds { get; init; } = 25;

    /// <summary>A run fails for good at so many faults in a row without a new epoch between them.</summary>
    [Range(1, 1000)]
    public int MaxFaults { get; init; } = 5;

    /// <summary>Wait before the first retry; doubled at each further one, up to five minutes.</summary>
    [Range(0.01, 300)]
    public double RetrySeconds { get; init; } = 2;

    /// <summary>Epochs that may wait to be written while the database is away.</summary>
    [Range(1, 1000)]
    public int SpoolEpochs { get; init; } = 16;

    /// <summary>Folder of the sample stores; several workers may share it.</summary>
    [Required]
    public string CachePath { get; init; } = DefaultCachePath();

    /// <summary>Most bytes in <see cref="CachePath"/>.</summary>
    [Range(1L << 20, long.MaxValue)]
    public long CacheBytes { get; init; } = 20L << 30;

    /// <summary>How ranks are started that are processes.</summary>
    public MpiSettings Mpi { get; init; } = new();

    internal TimeSpan Lease => TimeSpan.FromSeconds(LeaseSeconds);

    internal TimeSpan Shutdown => TimeSpan.FromSeconds(ShutdownSeconds);

    internal int ThreadsPerRun => Threads > 0 ? Threads : Math.Max(1, Environment.ProcessorCount / Slots);

    internal TimeSpan RetryAfter(int faults) => TimeSpan.FromSeconds(Math.Min(300, RetrySeconds * Math.Pow(2, Math.Clamp(faults - 1, 0, 20))));

    private static string DefaultCachePath()
    {
        var local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return Path.Combine(local.Length > 0 ? local : Path.GetTempPath(), "sparse-service", "datasets");
    }
}
