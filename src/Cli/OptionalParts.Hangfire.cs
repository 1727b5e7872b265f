using SparseService.Jobs.Hangfire;

namespace SparseService.Cli;

internal static partial class OptionalParts
{
    static partial void AddHangfire() => HangfireQueue.Register();
}
