using SparseService.Engine.Training;
using SparseService.Persistence;

namespace SparseService.Jobs.Hangfire;

/// <summary>The queues that Hangfire's servers listen to.</summary>
internal static class QueueNames
{
    public const string Cpu = "cpu";
    public const string Gpu = "gpu";

    /// <summary>What keeps the queue itself in order.</summary>
    public const string Sweep = "sweep";

    public static IReadOnlyList<string> OfRuns { get; } = [Cpu, Gpu];

    /// <summary>The queue of what wants this backend; null leaves it to the worker, and any has a processor.</summary>
    public static string For(string? backend) =>
        backend is null || EnumText.Parse<BackendKind>(backend) is BackendKind.Reference or BackendKind.Simd ? Cpu : Gpu;
}
