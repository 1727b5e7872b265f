using SparseService.Engine.Parallel;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Parallel.Threads;

namespace SparseService.Engine.Tests.Parallel;

/// <summary>Runs a program on every rank of a group, by either transport.</summary>
internal static class RankGroup
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private static readonly Lazy<bool> Mpirun = new(() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Any(folder => File.Exists(Path.Combine(folder, "mpirun"))));

    public static IReadOnlyList<string> Transports { get; } = ["threads", "mpi"];

    /// <param name="program">A static method: other processes find it by its name.</param>
    /// <param name="argument">Text for the program, e.g. a folder for what it finds out.</param>
    /// <param name="silenceSeconds">A rank of mpi that is not heard of for so long has failed.</param>
    /// <exception cref="RankFailedException">A rank threw, or its process ended badly.</exception>
    public static void Run(string transport, int ranks, Action<ICommunicator, string> program, string argument = "", int silenceSeconds = 180)
    {
        Assert.True(program.Method.IsStatic, "A rank's program must be a static method");
        if (transport == "threads")
        {
            ThreadGroup.Run(ranks, communicator => program(communicator, argument));
            return;
        }

        SkipWithoutMpi();
        var here = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        using var mpirun = MpiProcess.Start(
            new MpiSettings(), ranks,
            [
                here, typeof(RankProgram).Assembly.Location, RankProgram.Word, program.Method.DeclaringType!.FullName!, program.Method.Name, $"{silenceSeconds}", argument,
            ]);
        if (!mpirun.WaitForExit(Patience))
        {
            Assert.Fail($"mpirun has not ended within {Patience}:\n{mpirun.Output}");
        }

        if (mpirun.ExitCode != 0)
        {
            var (rank, reason) = mpirun.ExitOfARank() ?? (-1, $"mpirun exited with code {mpirun.ExitCode}");
            throw new RankFailedException(rank, $"{reason}\n{mpirun.Output}");
        }
    }

    public static void SkipWithoutMpi()
    {
        if (!Mpirun.Value)
        {
            Assert.Skip("There is no mpirun in PATH (Open MPI 4; ./sparse test installs it)");
        }
    }
}
