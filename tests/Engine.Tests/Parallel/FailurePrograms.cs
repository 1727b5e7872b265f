using System.Diagnostics;
using System.Globalization;
using SparseService.Engine.Parallel;

namespace SparseService.Engine.Tests.Parallel;

/// <summary>What <see cref="RankFailureTests"/> runs on each rank. The argument is "failing rank|folder".</summary>
internal static unsafe class FailurePrograms
{
    private const int Tag = 9;

    public static void Throws(ICommunicator ranks, string argument) =>
        Fail(ranks, argument, () => throw new InvalidOperationException("made to fail"));

    public static void IsKilled(ICommunicator ranks, string argument) => Fail(ranks, argument, () => Process.GetCurrentProcess().Kill());

    public static void Hangs(ICommunicator ranks, string argument) => Fail(ranks, argument, () =>
    {
        using var stop = Process.Start("kill", ["-STOP", $"{Environment.ProcessId}"]);
        stop.WaitForExit();
    });

    /// <summary>All processes are stopped for longer than a rank may be silent, as those of a machine that sleeps, and then go on.</summary>
    public static void SleepTogether(ICommunicator ranks, string seconds)
    {
        var processes = new long[ranks.Size];
        processes[ranks.Rank] = Environment.ProcessId;
        ranks.AllReduce(processes);
        if (ranks.Rank == 0)
        {
            var all = string.Join(' ', processes);
            using var sleep = Process.Start("sh", ["-c", $"sleep 0.5; kill -STOP {all}; sleep {seconds}; kill -CONT {all}"]);
            sleep.WaitForExit();
        }

        // Some beats after waking up, so that whoever wants to accuse has the time.
        using var never = new ManualResetEventSlim();
        for (var turn = 0; turn < 25; turn++)
        {
            ranks.Barrier();
            never.Wait(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
        }
    }

    // The others wait for it, each in another way, and write down what they are told.
    private static void Fail(ICommunicator ranks, string argument, Action fail)
    {
        var parts = argument.Split('|');
        var failing = int.Parse(parts[0], CultureInfo.InvariantCulture);
        if (ranks.Rank == failing)
        {
            ranks.Barrier();
            fail();
        }

        var started = Stopwatch.GetTimestamp();
        try
        {
            ranks.Barrier();
            WaitFor(ranks, failing);
        }
        catch (RankFailedException fault)
        {
            File.WriteAllText(
                Path.Combine(parts[1], $"{ranks.Rank}"), $"{Stopwatch.GetElapsedTime(started).TotalSeconds.ToString(CultureInfo.InvariantCulture)}|{fault.Message}");
            // Also every later call.
            Assert.Throws<RankFailedException>(() => ranks.IsThere(ICommunicator.AnyRank, Tag, out _));
            throw;
        }
    }

    private static void WaitFor(ICommunicator ranks, int failing)
    {
        var memory = stackalloc byte[8];
        switch (ranks.Rank % 4)
        {
            case 0:
                ranks.Barrier();
                break;
            case 1:
                var received = ranks.BeginReceive(memory, 8, ICommunicator.AnyRank, Tag);
                ranks.Wait(ref received);
                break;
            case 2:
                ranks.Probe(failing, Tag);
                break;
            default:
                ranks.AllReduce(new double[100]);
                break;
        }
    }
}
