using Npgsql;
using SparseService.Engine;
using SparseService.Jobs.Hosting;
using SparseService.Jobs.Training;
using SparseService.Persistence.Entities;
using SparseService.Shared;
using Xunit;

namespace SparseService.Jobs.Tests;

public class WorkerProcessTests
{
    [Theory]
    [InlineData(5, 11UL, RunQueues.Builtin)]
    [InlineData(5, 11UL, RunQueues.Hangfire)]
    public Task Kill_AtRandomMoments_EndsBitEqualWithAWholeHistory(int kills, ulong seed, string queue) =>
        KillAsync(kills, seed, epochs: 48, queue);

    [Theory]
    [Trait("Size", "Long")]
    [InlineData(10, 21UL, RunQueues.Builtin)]
    [InlineData(10, 22UL, RunQueues.Builtin)]
    [InlineData(10, 21UL, RunQueues.Hangfire)]
    public Task Kill_TenTimes_EndsBitEqualWithAWholeHistory(int kills, ulong seed, string queue) => KillAsync(kills, seed, epochs: 60, queue);

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Stop_LongerThanTheLease_TheWokenWorkerWritesNothing(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var options = JobsBench.Options(epochs: 60, small: false);
        var runId = await bench.CreateRunAsync(options);
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 1);
        using var frozen = WorkerProcess.Start(bench, leaseSeconds: 1);
        await bench.WaitForAsync("epochs_done >= 1", runId);
        await frozen.SignalAsync("STOP");
        await hold.DisposeAsync();
        Assert.NotEqual(RunState.Succeeded, (await bench.RunAsync(runId)).State);

        // Frozen inside a transaction it holds the row for one more lease, until the server ends that transaction.
        var outcome = RunOutcome.NotClaimed;
        await JobsBench.WaitAsync(async () => (outcome = await bench.WorkAsync(runId)) != RunOutcome.NotClaimed, "the lease of the frozen worker to end");

        Assert.Equal(RunOutcome.Succeeded, outcome);
        var before = await bench.RunAsync(runId);
        await frozen.SignalAsync("CONT");
        await JobsBench.WaitAsync(() => Task.FromResult(frozen.Log.Contains("is lost", StringComparison.Ordinal)), "the word of the woken worker");

        var after = await bench.RunAsync(runId);
        Assert.Equal((before.LastEventSeq, before.LeaseEpoch, before.ModelId), (after.LastEventSeq, after.LeaseEpoch, after.ModelId));
        await RunHistory.AssertWholeAsync(bench, runId, 60);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Terminate_WhileTraining_TheRunIsReleasedWithACheckpoint(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 60, small: false));
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 1);
        using var worker = WorkerProcess.Start(bench, leaseSeconds: 30);
        await bench.WaitForAsync("epochs_done >= 1", runId);

        await worker.SignalAsync("TERM");
        await hold.DisposeAsync();
        await worker.WaitForExitAsync();

        var run = await bench.RunAsync(runId);
        Assert.Equal((RunState.Queued, 0), (run.State, run.Faults));
        RunHistory.AssertNotStranded(run);
        Assert.Equal(
            run.StepsDone, await bench.Database.ScalarAsync<long>($"SELECT step FROM checkpoints WHERE id = '{run.LastCheckpointId}'"));
        Assert.Equal(0L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM workers"));
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Cancel_ARunInAnotherProcess_IsHeardThroughTheDatabase(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 5000, small: false));
        using var worker = WorkerProcess.Start(bench, leaseSeconds: 600);
        await bench.WaitForAsync("epochs_done >= 1", runId);

        Assert.Equal(RunState.Stopping, (await bench.Commands.CancelAsync(runId)).State);

        // The heartbeat comes every 200 s here; only the notification is quicker.
        await bench.WaitForAsync("state = 'cancelled'", runId);
        Assert.NotNull((await bench.RunAsync(runId)).LastCheckpointId);
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task DatabaseRestart_InMidRun_LosesAndRepeatsNothing(string queue)
    {
        QueueKinds.Require(queue);
        var postgres = await ThrowAwayPostgres.StartAsync();
        await using var bench = await JobsBench.CreateAsync(postgres, queue);
        var options = JobsBench.Options(epochs: 30, small: false);
        var runId = await bench.CreateRunAsync(options);
        var work = bench.WorkAsync(runId);
        await bench.WaitForAsync("epochs_done >= 2", runId);

        await postgres.Server.StopAsync();
        await Task.Delay(1500);
        await postgres.RestartAsync();

        Assert.Equal(RunOutcome.Succeeded, await work);
        // The pools of this process hold connections to the server of before.
        NpgsqlConnection.ClearAllPools();
        bench.Database.DataSource.Clear();
        Assert.Equal(1, (await bench.RunAsync(runId)).Attempt);
        await RunHistory.AssertWholeAsync(bench, runId, 30);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Fact]
    public async Task DatabaseAway_LongerThanTheLease_TrainingStopsCleanly()
    {
        var postgres = await ThrowAwayPostgres.StartAsync();
        await using var bench = await JobsBench.CreateAsync(postgres);
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 5000, small: false));
        var job = bench.Job(leaseSeconds: 1);
        var work = job.ExecuteAsync(runId, CancellationToken.None);
        await bench.WaitForAsync("epochs_done >= 1", runId);

        await postgres.Server.StopAsync();

        Assert.Equal(RunOutcome.LeaseLost, await work.WaitAsync(TimeSpan.FromSeconds(60)));
        await postgres.RestartAsync();
        bench.Database.DataSource.Clear();
    }

    private static async Task KillAsync(int kills, ulong seed, int epochs, string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var options = JobsBench.Options(epochs, small: false, checkpointEvery: 2);
        var runId = await bench.CreateRunAsync(options);
        var random = RandomStream.For(seed, RandomPurpose.Shuffle);
        var attempt = 0;
        // However much is trained between two kills, the end is not reached before the last of them.
        var held = epochs / 2;
        var hold = await RecordHold.PlaceAsync(bench.Database, held);
        for (var kill = 0; kill < kills; kill++)
        {
            using var worker = WorkerProcess.Start(bench, leaseSeconds: 1);
            // Any moment of the first epochs after a claim, so that every kill meets a run that is being worked on.
            await bench.WaitForAsync($"attempt > {attempt}", runId);
            var seen = (await bench.RunAsync(runId)).StepsDone;
            await Task.Delay((int)random.NextBelow(400));
            if (random.NextBelow(2) == 0)
            {
                await bench.WaitForAsync($"steps_done > {seen} OR epochs_done >= {held}", runId);
            }

            await worker.KillAsync();
            var run = await bench.RunAsync(runId);
            Assert.NotEqual(RunState.Succeeded, run.State);
            attempt = run.Attempt;
        }

        await hold.DisposeAsync();
        using var last = WorkerProcess.Start(bench, leaseSeconds: 1);
        await bench.WaitForAsync("state = 'succeeded'", runId, seconds: 120);

        // More when a busy machine keeps a living worker from its short lease for too long: that is a takeover like any other.
        Assert.True((await bench.RunAsync(runId)).Attempt > kills);
        await RunHistory.AssertWholeAsync(bench, runId, epochs);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
        Assert.Equal(
            0L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM checkpoints c WHERE NOT EXISTS (SELECT FROM blob_chunks b WHERE b.hash = c.blob_hash)"));
    }
}
