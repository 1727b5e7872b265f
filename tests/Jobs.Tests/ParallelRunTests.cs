using Microsoft.Extensions.DependencyInjection;
using SparseService.Engine;
using SparseService.Engine.Training;
using SparseService.Jobs.Commands;
using SparseService.Jobs.Training;
using SparseService.Persistence.Entities;
using SparseService.Shared;
using Xunit;

namespace SparseService.Jobs.Tests;

/// <summary>Runs of several workers, as the service trains them.</summary>
[Collection(RanksOfThisProcess)] // it counts the ranks that this process has started
public class ParallelRunTests
{
    /// <summary>Of the classes that start ranks: one after the other.</summary>
    internal const string RanksOfThisProcess = "Ranks of this process";

    public static TheoryData<ParallelTransport> Transports => [ParallelTransport.Threads, ParallelTransport.Mpi];

    [Theory, MemberData(nameof(Transports))]
    public async Task Execute_ParallelRun_RecordsWhatEachRankDid(ParallelTransport transport)
    {
        SkipWithout(transport);
        await using var bench = await JobsBench.CreateAsync();
        var runId = await bench.CreateRunAsync(Options(transport, epochs: 4));

        Assert.Equal(RunOutcome.Succeeded, await Job(bench).ExecuteAsync(runId, CancellationToken.None));

        await RunHistory.AssertWholeAsync(bench, runId, 4);
        foreach (var series in (string[])["bytesSent.0", "bytesSent.1", "waitingShare.0", "waitingShare.1"])
        {
            Assert.Equal(4L, await bench.Database.ScalarAsync<long>($"SELECT count(*) FROM run_metrics WHERE run_id = '{runId}' AND series = '{series}'"));
        }

        Assert.Equal(8L, await bench.Database.ScalarAsync<long>(
            $"SELECT count(*) FROM run_events, jsonb_array_elements(payload->'ranks'->'shown') rank WHERE run_id = '{runId}' AND (rank->>'bytesSent')::float > 0"));
    }

    [Theory, MemberData(nameof(Transports))]
    public async Task Pause_InMidEpoch_ResumedRunEndsBitEqual(ParallelTransport transport)
    {
        SkipWithout(transport);
        await using var bench = await JobsBench.CreateAsync();
        var options = Options(transport, epochs: 30);
        var runId = await bench.CreateRunAsync(options);
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 1);
        var work = Job(bench).ExecuteAsync(runId, CancellationToken.None);
        await bench.WaitForAsync("epochs_done >= 1", runId);

        await bench.CommandAsync(RunCommand.Pause, runId);
        await hold.DisposeAsync();

        Assert.Equal(RunOutcome.Paused, await work);
        Assert.Empty(RankProcesses.Of(Environment.ProcessId));
        await bench.CommandAsync(RunCommand.Resume, runId);
        Assert.Equal(RunOutcome.Succeeded, await Job(bench).ExecuteAsync(runId, CancellationToken.None));
        await RunHistory.AssertWholeAsync(bench, runId, 30);
        Assert.Equal(await UndisturbedAsync(bench, options), await bench.ModelBytesAsync(runId));
    }

    [Theory]
    [InlineData(2, 31UL)]
    public Task KillOneRank_AtRandomMoments_ResumesWithAWholeHistory(int kills, ulong seed) => KillRanksAsync(kills, seed, epochs: 80);

    [Theory, Trait("Size", "Long")]
    [InlineData(10, 32UL)]
    public Task KillOneRank_TenTimes_ResumesWithAWholeHistory(int kills, ulong seed) => KillRanksAsync(kills, seed, epochs: 150);

    [Fact]
    public async Task Kill_TheWorkerOfAnMpiRun_LeavesNoRankBehind()
    {
        SkipWithout(ParallelTransport.Mpi);
        await using var bench = await JobsBench.CreateAsync();
        var runId = await bench.CreateRunAsync(Options(ParallelTransport.Mpi, epochs: 100_000));
        using var worker = WorkerProcess.Start(bench, leaseSeconds: 1);
        await bench.WaitForAsync("epochs_done >= 1", runId);
        var ranks = RankProcesses.Of(worker.Id);
        Assert.Equal(2, ranks.Count);

        await worker.KillAsync();

        await JobsBench.WaitAsync(() => Task.FromResult(!RankProcesses.Alive(ranks.Values).Any()), "the ranks to end");
    }

    private static async Task KillRanksAsync(int kills, ulong seed, int epochs)
    {
        SkipWithout(ParallelTransport.Mpi);
        await using var bench = await JobsBench.CreateAsync();
        var options = Options(ParallelTransport.Mpi, epochs);
        var runId = await bench.CreateRunAsync(options);
        var random = RandomStream.For(seed, RandomPurpose.Shuffle);
        for (var kill = 0; kill < kills; kill++)
        {
            var work = Job(bench).ExecuteAsync(runId, CancellationToken.None);
            var ranks = RankProcesses.Of(Environment.ProcessId);
            await JobsBench.WaitAsync(() => Task.FromResult((ranks = RankProcesses.Of(Environment.ProcessId)).Count == 2), "the ranks to start");
            await bench.WaitForAsync("state = 'running'", runId);
            await Task.Delay((int)random.NextBelow(300));
            var rank = (int)random.NextBelow(2);
            RankProcesses.Kill(ranks[rank]);

            Assert.Equal(RunOutcome.Requeued, await work.WaitAsync(TimeSpan.FromSeconds(60)));
            var run = await bench.RunAsync(runId);
            Assert.Equal((RunState.Queued, RunReason.RankFailed), (run.State, run.Reason));
            Assert.Contains($"Rank {rank}", run.Message, StringComparison.Ordinal);
            Assert.Empty(RankProcesses.Alive(ranks.Values));
            await bench.Database.ExecuteAsync($"UPDATE runs SET not_before = now() WHERE id = '{runId}'");
        }

        Assert.Equal(RunOutcome.Succeeded, await Job(bench).ExecuteAsync(runId, CancellationToken.None));
        await RunHistory.AssertWholeAsync(bench, runId, epochs);
        Assert.Equal(await UndisturbedAsync(bench, options), await bench.ModelBytesAsync(runId));
    }

    private static async Task<byte[]> UndisturbedAsync(JobsBench bench, TrainingOptions options)
    {
        var runId = await bench.CreateRunAsync(options);
        Assert.Equal(RunOutcome.Succeeded, await Job(bench).ExecuteAsync(runId, CancellationToken.None));
        return await bench.ModelBytesAsync(runId);
    }

    private static TrainRunJob Job(JobsBench bench) => bench.Worker(settings: new Dictionary<string, string?>
    {
        ["Worker:MaxFaults"] = "1000",
        ["Worker:Mpi:Program:0"] = WorkerProcess.Dotnet,
        ["Worker:Mpi:Program:1"] = WorkerProcess.Program,
        ["Worker:Mpi:Program:2"] = "rank",
    }).GetRequiredService<TrainRunJob>();

    private static TrainingOptions Options(ParallelTransport transport, int epochs) => JobsBench.Options(epochs, small: false) with
    {
        Parallel = new ParallelTrainingOptions { Method = ParallelMethod.Partitioned, Workers = 2, Transport = transport },
    };

    private static void SkipWithout(ParallelTransport transport) => Assert.SkipWhen(
        transport == ParallelTransport.Mpi && !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "mpirun"))),
        "There is no mpirun in PATH (Open MPI 4; ./sparse test installs it)");
}
