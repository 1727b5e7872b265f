using SparseService.Jobs.Hosting;
using Xunit;

namespace SparseService.Jobs.Tests;

/// <summary>The kinds of queue that a test runs with; what was not built in is skipped.</summary>
internal static class QueueKinds
{
    public static TheoryData<string> All { get; } = [RunQueues.Builtin, RunQueues.Hangfire];

    public static void Require(string kind) =>
        Assert.SkipUnless(RunQueues.Kinds.Contains(kind), $"The queue {kind} was not built in: its packages do not restore, or -p said so");
}
