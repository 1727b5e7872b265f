using System.Security.Cryptography;
using SparseService.Engine.Training;
using SparseService.Jobs.Commands;
using SparseService.Persistence;
using SparseService.Persistence.Entities;
using Xunit;

namespace SparseService.Jobs.Tests;

public class RunCommandsTests
{
    [Fact]
    public async Task Create_HundredTimesWithOneKey_MakesOneRun()
    {
        await using var bench = await JobsBench.CreateAsync();
        var newRun = NewRun(bench, "key", "body");

        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => bench.Commands.CreateAsync(newRun)));

        Assert.Single(results.Select(result => result.RunId).Distinct());
        Assert.Single(results, result => result.Outcome == CreateRunOutcome.Created);
        Assert.Equal(99, results.Count(result => result.Outcome == CreateRunOutcome.Existing));
        Assert.Equal(1L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM runs"));
        Assert.Equal(1L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM run_events"));

        var other = await bench.Commands.CreateAsync(NewRun(bench, "key", "another body"));
        Assert.Equal(new CreateRunResult(CreateRunOutcome.KeyConflict, results[0].RunId), other);
        Assert.Equal(CreateRunOutcome.Created, (await bench.Commands.CreateAsync(NewRun(bench, "another key", "body"))).Outcome);
    }

    [Fact]
    public async Task Create_Any_KeepsTheSpecToTheBit()
    {
        await using var bench = await JobsBench.CreateAsync();
        var options = JobsBench.Options(epochs: 3) with { Seed = ulong.MaxValue, Dropout = 0.1 + 0.2 };

        var run = await bench.RunAsync(await bench.CreateRunAsync(options));

        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(options, RunSpecJson.Options), System.Text.Json.JsonSerializer.Serialize(run.Spec.Training, RunSpecJson.Options));
    }

    [Theory]
    [InlineData("queued", CommandOutcome.Done, RunState.Cancelled)]
    [InlineData("starting", CommandOutcome.Done, RunState.Stopping)]
    [InlineData("running", CommandOutcome.Done, RunState.Stopping)]
    [InlineData("pausing", CommandOutcome.Done, RunState.Stopping)]
    [InlineData("paused", CommandOutcome.Done, RunState.Cancelled)]
    [InlineData("stopping", CommandOutcome.Unchanged, RunState.Stopping)]
    [InlineData("cancelled", CommandOutcome.Unchanged, RunState.Cancelled)]
    [InlineData("succeeded", CommandOutcome.NotAllowed, RunState.Succeeded)]
    [InlineData("failed", CommandOutcome.NotAllowed, RunState.Failed)]
    public async Task Cancel_InEachState_DoesWhatTheTableSays(string state, CommandOutcome outcome, RunState next)
    {
        await using var bench = await JobsBench.CreateAsync();
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        await bench.Database.ExecuteAsync($"UPDATE runs SET state = '{state}' WHERE id = '{runId}'");

        var result = await bench.Commands.CancelAsync(runId);

        Assert.Equal((outcome, next), (result.Outcome, result.State));
        Assert.Equal(next, (await bench.RunAsync(runId)).State);
        Assert.Equal(outcome == CommandOutcome.Done ? 2L : 1L, (await bench.RunAsync(runId)).LastEventSeq);
        Assert.Contains(EnumText.Of(next), result.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunState.Failed, false, null)]
    [InlineData(RunState.Failed, true, RunState.Queued)]
    [InlineData(RunState.Cancelled, true, RunState.Queued)]
    [InlineData(RunState.Paused, false, RunState.Queued)]
    [InlineData(RunState.Succeeded, true, null)]
    [InlineData(RunState.Stopping, true, null)]
    public void Next_Resume_NeedsSomethingToResumeFrom(RunState state, bool hasCheckpoint, RunState? next) =>
        Assert.Equal(next, RunTransitions.Next(RunCommand.Resume, state, hasCheckpoint));

    [Fact]
    public async Task Apply_UnknownRun_IsNotFound()
    {
        await using var bench = await JobsBench.CreateAsync();

        Assert.Equal(CommandOutcome.NotFound, (await bench.Commands.PauseAsync(Guid.NewGuid())).Outcome);
    }

    private static NewRun NewRun(JobsBench bench, string key, string body) => new()
    {
        OwnerId = bench.OwnerId,
        DatasetId = bench.DatasetId,
        Spec = new RunSpec { Dataset = new DatasetReference { Id = bench.DatasetId }, Training = JobsBench.Options(epochs: 1) },
        IdempotencyKey = key,
        BodyHash = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(body)),
    };
}
