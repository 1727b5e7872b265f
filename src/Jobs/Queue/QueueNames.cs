using SparseService.Engine.Training;
using SparseService.Persistence;

namespace SparseService.Jobs.Queue;

/// <summary>The queues of runs, for whoever keeps several: by what a run wants of its worker.</summary>
public static class QueueNames
{
    public const string Cpu = "cpu";
    public const string Gpu = "gpu";

    public static IReadOnlyList<string> All { get; } = [Cpu, Gpu];

    /// <summary>The queue of what wants this backend; null leaves it to the worker, and any has a processor.</summary>
    public static string For(string? backend) => backend is not null && EnumText.Parse<BackendKind>(backend).IsDevice() ? Gpu : Cpu;
}
