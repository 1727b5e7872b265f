using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using SparseService.Engine.Training;
using SparseService.Jobs.Training;
using SparseService.Persistence.Entities;
using Xunit;

namespace SparseService.Jobs.Tests;

/// <summary>A run across four hosts whose network fails.</summary>
[Collection(ParallelRunTests.RanksOfThisProcess)]
public class FourHostsTests
{
    [Theory, Trait("Size", "Long")]
    [InlineData(ParallelMethod.Partitioned, 20)]
    [InlineData(ParallelMethod.Wasap, 300)]
    public async Task CutLink_InMidRun_FailsWithTheRankNamedAndResumesWhenItIsBack(ParallelMethod method, int epochs)
    {
        await using var bench = await JobsBench.CreateAsync();
        using var hosts = FourHosts.Connect(bench.Folder);
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs, small: false) with
        {
            Parallel = new ParallelTrainingOptions { Method = method, Workers = 4, Transport = ParallelTransport.Mpi },
        });
        var work = Job(bench, hosts).ExecuteAsync(runId, CancellationToken.None);
        await bench.WaitForAsync("epochs_done >= 1", runId, seconds: 120);

        hosts.Cut(2);
        var cut = Stopwatch.GetTimestamp();

        Assert.Equal(RunOutcome.Requeued, await work.WaitAsync(TimeSpan.FromSeconds(90)));
        Assert.InRange(Stopwatch.GetElapsedTime(cut).TotalSeconds, 0, 60);
        var run = await bench.RunAsync(runId);
        Assert.Equal((RunState.Queued, RunReason.RankFailed), (run.State, run.Reason));
        Assert.Contains("Rank 2: it has not been heard of", run.Message, StringComparison.Ordinal);

        hosts.Mend(2);
        await bench.Database.ExecuteAsync($"UPDATE runs SET not_before = now() WHERE id = '{runId}'");
        var outcome = await Job(bench, hosts).ExecuteAsync(runId, CancellationToken.None);
        Assert.True(outcome == RunOutcome.Succeeded, $"{outcome}: {(await bench.RunAsync(runId)).Message}");
        await RunHistory.AssertWholeAsync(bench, runId, epochs);
    }

    private static TrainRunJob Job(JobsBench bench, FourHosts hosts) => bench.Worker(settings: new Dictionary<string, string?>
    {
        ["Worker:Mpi:Program:0"] = WorkerProcess.Dotnet,
        ["Worker:Mpi:Program:1"] = WorkerProcess.Program,
        ["Worker:Mpi:Program:2"] = "rank",
        ["Worker:Mpi:Mpirun"] = hosts.Mpirun,
        ["Worker:Mpi:Hosts"] = FourHosts.Names,
        ["Worker:Mpi:SilenceSeconds"] = "8",
        ["Worker:Mpi:Arguments:0"] = "--mca",
        ["Worker:Mpi:Arguments:1"] = "plm_rsh_agent",
        ["Worker:Mpi:Arguments:2"] = hosts.RemoteShell,
    }).GetRequiredService<TrainRunJob>();
}
