using SparseService.Engine.Parallel;
using SparseService.Engine.Parallel.Threads;

namespace SparseService.Engine.Tests.Parallel;

/// <summary>Runs a program on every rank of a group, by either transport.</summary>
internal static class RankGroup
{
    public static IReadOnlyList<string> Transports { get; } = ["threads", "mpi"];

    /// <param name="program">A static method: other processes find it by its name.</param>
    /// <param name="argument">Text for the program, e.g. a folder for what it finds out.</param>
    /// <exception cref="RankFailedException">A rank threw.</exception>
    public static void Run(string transport, int ranks, Action<ICommunicator, string> program, string argument = "")
    {
        Assert.True(program.Method.IsStatic, "A rank's program must be a static method");
        if (transport == "threads")
        {
            ThreadGroup.Run(ranks, communicator => program(communicator, argument));
        }
        else
        {
            Assert.Skip("The transport mpi is not built in yet");
        }
    }
}
