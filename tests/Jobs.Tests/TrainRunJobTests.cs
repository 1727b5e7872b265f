using Microsoft.Extensions.DependencyInjection;
using SparseService.Engine.Training;
using SparseService.Jobs.Commands;
using SparseService.Jobs.Training;
using SparseService.Persistence.Entities;
using Xunit;

namespace SparseService.Jobs.Tests;

public class TrainRunJobTests
{
    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Execute_SmallRun_EndsWithTheModelOfAnUndisturbedTraining(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var options = JobsBench.Options(epochs: 6);
        var runId = await bench.CreateRunAsync(options);

        Assert.Equal(RunOutcome.Succeeded, await bench.WorkAsync(runId));

        var run = await bench.RunAsync(runId);
        Assert.Equal(RunState.Succeeded, run.State);
        Assert.Equal(6, run.EpochsDone);
        Assert.NotNull(run.ModelId);
        RunHistory.AssertNotStranded(run);
        await RunHistory.AssertWholeAsync(bench, runId, 6);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
        // The three newest, and the best one where it is not among them.
        Assert.InRange(await bench.Database.ScalarAsync<long>("SELECT count(*) FROM checkpoints"), 3, 4);
        Assert.Equal(RunOutcome.NotClaimed, await bench.WorkAsync(runId));
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Pause_InMidEpoch_ResumedRunEndsBitEqual(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var options = JobsBench.Options(epochs: 60, small: false, checkpointEvery: 20);
        var runId = await bench.CreateRunAsync(options);

        for (var pauses = 0; pauses < 2; pauses++)
        {
            var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 0);
            var work = bench.WorkAsync(runId);
            await bench.WaitForAsync("state = 'running'", runId);
            var seen = await StepsAsync(bench);
            await JobsBench.WaitAsync(async () => await StepsAsync(bench) > seen, "a step");
            await bench.CommandAsync(RunCommand.Pause, runId);
            await hold.DisposeAsync();
            Assert.Equal(RunOutcome.Paused, await work);
            RunHistory.AssertNotStranded(await bench.RunAsync(runId));
            await bench.CommandAsync(RunCommand.Resume, runId);
        }

        await bench.WorkAsync(runId);
        await RunHistory.AssertWholeAsync(bench, runId, 60);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Fact]
    public async Task Pause_ThatNobodyRingsFor_IsHeardWithTheNextRecord()
    {
        await using var bench = await JobsBench.CreateAsync();
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 60, small: false, checkpointEvery: 20));
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 0);
        var work = bench.WorkAsync(runId);
        await JobsBench.WaitAsync(async () => await StepsAsync(bench) > 0, "a step");

        await bench.Commands.ApplyAsync(RunCommand.Pause, runId);
        await hold.DisposeAsync();

        Assert.Equal(RunOutcome.Paused, await work);
        Assert.InRange((await bench.RunAsync(runId)).EpochsDone, 1, 59);
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Shutdown_WhileRunning_ReleasesTheRunWithACheckpoint(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var options = JobsBench.Options(epochs: 60, small: false);
        var runId = await bench.CreateRunAsync(options);
        using var stopping = new CancellationTokenSource();
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 0);
        var work = bench.WorkAsync(runId, stopping.Token);
        await JobsBench.WaitAsync(async () => await StepsAsync(bench) > 0, "a step");

        await stopping.CancelAsync();
        await hold.DisposeAsync();

        Assert.Equal(RunOutcome.Requeued, await work);
        var run = await bench.RunAsync(runId);
        Assert.Equal((RunState.Queued, 0), (run.State, run.Faults));
        Assert.NotNull(run.LastCheckpointId);
        RunHistory.AssertNotStranded(run);
        Assert.Equal(RunOutcome.Succeeded, await bench.WorkAsync(runId));
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Takeover_OfARunningRun_TheFirstWorkerIsFencedOff(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var options = JobsBench.Options(epochs: 60, small: false);
        var runId = await bench.CreateRunAsync(options);
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 0);
        var first = bench.WorkAsync(runId);
        await bench.WaitForAsync("state = 'running'", runId);

        Assert.Equal(RunOutcome.Succeeded, await bench.TakeOverAsync(runId, hold));

        Assert.Equal(RunOutcome.LeaseLost, await first);
        await RunHistory.AssertWholeAsync(bench, runId, 60);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
        Assert.Equal(2, (await bench.RunAsync(runId)).Attempt);
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Execute_TwoWorkersToldToRunTheSame_OneWorksTheOtherIsRefused(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var options = JobsBench.Options(epochs: 30, small: false);
        var runId = await bench.CreateRunAsync(options);

        var outcomes = await Task.WhenAll(bench.WorkAsync(runId), bench.WorkAsync(runId));

        Assert.Equal([RunOutcome.NotClaimed, RunOutcome.Succeeded], outcomes.Order());
        Assert.Equal(1, (await bench.RunAsync(runId)).Attempt);
        await RunHistory.AssertWholeAsync(bench, runId, 30);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Fact]
    public async Task Execute_OutOfMemory_IsTriedOnceMore()
    {
        await using var bench = await JobsBench.CreateAsync();
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        var job = bench.Worker(time: new ExhaustedClock()).GetRequiredService<TrainRunJob>();

        Assert.Equal(RunOutcome.Requeued, await job.ExecuteAsync(runId, CancellationToken.None));
        await bench.WaitForAsync("not_before <= now()", runId);
        Assert.Equal(RunReason.OutOfMemory, (await bench.RunAsync(runId)).Reason);
        Assert.Equal(RunOutcome.Failed, await job.ExecuteAsync(runId, CancellationToken.None));

        var run = await bench.RunAsync(runId);
        Assert.Equal((RunState.Failed, RunReason.OutOfMemory, 2), (run.State, run.Reason, run.Attempt));
        Assert.Contains("epsilon", run.Message, StringComparison.Ordinal);
        RunHistory.AssertNotStranded(run);
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Execute_CheckpointRarerThanEpochs_RepeatedEpochsAreRecordedOnce(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var options = JobsBench.Options(epochs: 62, small: false, checkpointEvery: 40);
        var runId = await bench.CreateRunAsync(options);
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 2);
        var first = bench.WorkAsync(runId);
        await bench.WaitForAsync("epochs_done >= 2", runId);

        Assert.Equal(RunOutcome.Succeeded, await bench.TakeOverAsync(runId, hold));

        Assert.Equal(RunOutcome.LeaseLost, await first);
        await RunHistory.AssertWholeAsync(bench, runId, 62);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Execute_LossNotFinite_FailsAtOnceWithAdvice(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var options = JobsBench.Options(epochs: 50) with { Optimizer = new OptimizerOptions { LearningRate = 100 }, Loss = LossKind.SquaredError };
        options = options with { Loss = LossKind.SoftmaxCrossEntropy, Network = options.Network with { Activation = new ActivationOptions { Kind = ActivationKind.Linear } } };
        var runId = await bench.CreateRunAsync(options);

        Assert.Equal(RunOutcome.Failed, await bench.WorkAsync(runId));

        var run = await bench.RunAsync(runId);
        Assert.Equal((RunState.Failed, RunReason.Diverged, 1), (run.State, run.Reason, run.Attempt));
        Assert.Contains("learningRate", run.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_DatasetDamagedInTheDatabase_RetriesThenFailsWithReasonStorage()
    {
        await using var bench = await JobsBench.CreateAsync();
        await bench.Database.ExecuteAsync("UPDATE blob_chunks SET bytes = set_byte(bytes, 100, 255 - get_byte(bytes, 100)) WHERE number = 0");
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        var job = bench.Worker(settings: new() { ["Worker:MaxFaults"] = "3" }).GetRequiredService<TrainRunJob>();

        for (var attempt = 1; attempt <= 2; attempt++)
        {
            Assert.Equal(RunOutcome.Requeued, await job.ExecuteAsync(runId, CancellationToken.None));
            await bench.WaitForAsync("not_before <= now()", runId);
        }

        Assert.Equal(RunOutcome.Failed, await job.ExecuteAsync(runId, CancellationToken.None));
        var run = await bench.RunAsync(runId);
        Assert.Equal((RunState.Failed, RunReason.Storage, 3), (run.State, run.Reason, run.Attempt));
        Assert.Contains("damaged", run.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Execute_NewestCheckpointDamaged_GoesOnFromAnOlderOne(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var options = JobsBench.Options(epochs: 60, small: false);
        var runId = await bench.CreateRunAsync(options);
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 2);
        var work = bench.WorkAsync(runId);
        await bench.WaitForAsync("epochs_done >= 2", runId);
        await bench.CommandAsync(RunCommand.Pause, runId);
        await hold.DisposeAsync();
        Assert.Equal(RunOutcome.Paused, await work);
        await bench.Database.ExecuteAsync(
            "UPDATE blob_chunks SET bytes = set_byte(bytes, 1000, 255 - get_byte(bytes, 1000)) WHERE hash = " +
            "(SELECT blob_hash FROM checkpoints ORDER BY step DESC LIMIT 1)");
        await bench.CommandAsync(RunCommand.Resume, runId);

        Assert.Equal(RunOutcome.Succeeded, await bench.WorkAsync(runId));

        await RunHistory.AssertWholeAsync(bench, runId, 60);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public async Task Fork_WithMoreEpochs_EqualsATrainingThatHadThemFromTheStart(string queue)
    {
        await using var bench = await JobsBench.CreateAsync(queue: queue);
        var parentId = await bench.CreateRunAsync(JobsBench.Options(epochs: 3));
        await bench.WorkAsync(parentId);
        var checkpointId = await bench.Database.ScalarAsync<Guid>("SELECT id FROM checkpoints WHERE epoch = 2");
        var forkId = await bench.CreateRunAsync(JobsBench.Options(epochs: 5), checkpointId);

        Assert.Equal(RunOutcome.Succeeded, await bench.WorkAsync(forkId));

        await RunHistory.AssertWholeAsync(bench, forkId, epochs: 5, fromEpoch: 3);
        Assert.Equal(JobsBench.TrainUndisturbed(JobsBench.Options(epochs: 5)), await bench.ModelBytesAsync(forkId));
    }

    private static Task<long> StepsAsync(JobsBench bench) => bench.Database.ScalarAsync<long>("SELECT count(*) FROM run_metrics WHERE series = 'stepLoss'");

    /// <summary>The dataset cache asks it for the time of day before anything is trained.</summary>
    private sealed class ExhaustedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new InsufficientMemoryException();
    }
}
