using System.ComponentModel.DataAnnotations;
using SparseService.Jobs.Queue;

namespace SparseService.Jobs.Hosting;

/// <summary>Section <c>Queue</c> of the configuration, as far as a queue reads it that stands beside the runs table.</summary>
public sealed record QueueOptions
{
    public const string Section = "Queue";

    /// <summary>What a server was given and has not been heard of for so long is given to another one.</summary>
    [Range(1, 86_400)]
    public int InvisibilitySeconds { get; init; } = 1800;

    /// <summary>How often it is looked for runs that nobody came for: their ring was lost, or their worker.</summary>
    [Range(1, 59)]
    public int SweepSeconds { get; init; } = 15;

    /// <summary><c>cpu</c>, <c>gpu</c> or both; none: <c>cpu</c>, and <c>gpu</c> too where <c>Worker:Backend</c> names a device.</summary>
    public IReadOnlyList<string> Listen { get; init; } = [];

    public string[] QueuesOf(WorkerOptions worker) =>
        Listen.Count > 0 ? [.. Listen]
        : QueueNames.For(worker.Backend) == QueueNames.Gpu ? [QueueNames.Gpu, QueueNames.Cpu]
        : [QueueNames.Cpu];
}
