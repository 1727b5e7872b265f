using System.Runtime.CompilerServices;
using SparseService.Jobs.Hangfire;

namespace SparseService.Tests;

/// <summary>Makes <c>hangfire</c> one of the queues of a test's process, as the program does that users have.</summary>
internal static class WithHangfire
{
    [ModuleInitializer]
    internal static void Register() => HangfireQueue.Register();
}
