using Microsoft.Extensions.DependencyInjection;
using SparseService.Engine.Training;
using SparseService.Jobs.Commands;
using SparseService.Jobs.Hosting;
using SparseService.Jobs.Queue;
using SparseService.Persistence.Entities;
using Xunit;

namespace SparseService.Jobs.Tests;

/// <summary>What Hangfire may do with a run's id: lose it, deliver it twice, deliver it late. What it keeps is read from its tables.</summary>
public class HangfireTests
{
    private const string Deliveries = "SELECT id FROM hangfire.job WHERE invocationdata ->> 'Type' LIKE '%RunDelivery%'";

    [Fact]
    public async Task Enqueue_LostWithTheProcessThatCreatedTheRun_TheSweepRings()
    {
        await using var bench = await JobsBench.CreateAsync(queue: RunQueues.Hangfire);
        var options = JobsBench.Options(epochs: 3);
        // The bench's commands have no doorbell: committed, and nobody was told.
        var runId = await bench.CreateRunAsync(options);
        using var worker = WorkerProcess.Start(bench, leaseSeconds: 30);

        await bench.WaitForAsync("state = 'succeeded'", runId);

        Assert.Equal(1, (await bench.RunAsync(runId)).Attempt);
        await RunHistory.AssertWholeAsync(bench, runId, 3);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Fact]
    public async Task Commands_CreateAndResume_EnqueueTheRun()
    {
        await using var bench = await JobsBench.CreateAsync(queue: RunQueues.Hangfire);
        // Never started: what is enqueued stays so.
        using var host = Delivery.Host(bench);
        var commands = host.Services.GetRequiredService<RunCommands>();

        var runId = (await commands.CreateAsync(bench.NewRun(JobsBench.Options(epochs: 1)))).RunId;
        await commands.PauseAsync(runId);
        Assert.True(await CountAsync(bench, $"SELECT FROM hangfire.jobqueue JOIN ({Deliveries}) AS job ON job.id = jobid WHERE queue = 'cpu'", 1));

        await commands.ResumeAsync(runId);
        Assert.True(await CountAsync(bench, $"SELECT FROM hangfire.jobqueue JOIN ({Deliveries}) AS job ON job.id = jobid WHERE queue = 'cpu'", 2));
    }

    [Fact]
    public async Task Sweep_RunsThatAreEnqueued_AreNotEnqueuedAgain()
    {
        await using var bench = await JobsBench.CreateAsync(queue: RunQueues.Hangfire);
        await bench.CreateRunAsync(JobsBench.Options(epochs: 5000, small: false));
        using var worker = WorkerProcess.Start(bench, leaseSeconds: 30);
        await JobsBench.WaitAsync(
            async () => await bench.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM runs WHERE state = 'running')"), "the only slot to be taken");

        // Of the first one a sweep may have found, before it was taken, that it waits: what it enqueued waits, too.
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        var deliveries = $"{Deliveries} AND arguments::text LIKE '%{runId}%'";
        await JobsBench.WaitAsync(() => CountAsync(bench, deliveries, 1), "the second run to be enqueued");
        var swept = await SweepsAsync(bench);
        await JobsBench.WaitAsync(async () => await SweepsAsync(bench) >= swept + 2, "two more sweeps");

        Assert.True(await CountAsync(bench, deliveries, 1));
    }

    [Fact]
    public async Task Redelivery_AfterAKillAndTheInvisibilityTimeout_IsOneMoreAttempt()
    {
        await using var bench = await JobsBench.CreateAsync(queue: RunQueues.Hangfire);
        var options = JobsBench.Options(epochs: 60, small: false);
        var runId = await bench.CreateRunAsync(options);
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 1);
        using (var killed = WorkerProcess.Start(bench, leaseSeconds: 1))
        {
            await bench.WaitForAsync("epochs_done >= 1", runId);
            await killed.KillAsync();
        }

        // From here on nobody sweeps: only the timeout brings the id back.
        var first = await bench.Database.ScalarAsync<long>(Deliveries);
        await bench.Database.ExecuteAsync("UPDATE hangfire.jobqueue SET queue = 'nobody' WHERE queue = 'sweep'");
        using var second = WorkerProcess.Start(bench, leaseSeconds: 30, "Queue:InvisibilitySeconds=3", "Queue:SweepSeconds=59");
        await hold.DisposeAsync();
        await bench.WaitForAsync("state = 'succeeded'", runId, seconds: 120);

        await JobsBench.WaitAsync(
            () => CountAsync(bench, $"SELECT FROM hangfire.state WHERE jobid = {first} AND name = 'Processing'", 2), "the second delivery");
        Assert.Equal(2, (await bench.RunAsync(runId)).Attempt);
        await RunHistory.AssertWholeAsync(bench, runId, 60);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Fact]
    public async Task Redelivery_WhileTheFirstServerTrains_DisturbsNothing()
    {
        await using var bench = await JobsBench.CreateAsync(queue: RunQueues.Hangfire);
        var options = JobsBench.Options(epochs: 60, small: false);
        var runId = await bench.CreateRunAsync(options);
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 1);
        using var first = WorkerProcess.Start(bench, leaseSeconds: 30);
        await bench.WaitForAsync("epochs_done >= 1", runId);
        using var second = WorkerProcess.Start(bench, leaseSeconds: 30);

        await bench.Database.ExecuteAsync("UPDATE hangfire.jobqueue SET fetchedat = now() - interval '1 hour' WHERE queue = 'cpu'");

        await JobsBench.WaitAsync(() => Task.FromResult(second.Log.Contains("NotClaimed", StringComparison.Ordinal)), "the second delivery");
        await JobsBench.WaitAsync(() => Task.FromResult(first.Log.Contains("once more", StringComparison.Ordinal)), "the first server to hear of it");
        await hold.DisposeAsync();
        await bench.WaitForAsync("state = 'succeeded'", runId);
        Assert.Equal(1, (await bench.RunAsync(runId)).Attempt);
        await RunHistory.AssertWholeAsync(bench, runId, 60);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Fact]
    public async Task Stop_OfAHostWithoutPatience_IsNoFault()
    {
        await using var bench = await JobsBench.CreateAsync(queue: RunQueues.Hangfire);
        using var host = Delivery.Host(bench);
        await host.StartAsync(TestContext.Current.CancellationToken);

        await host.StopAsync(new CancellationToken(canceled: true));
    }

    [Fact]
    public async Task Retry_OfACurableFault_IsScheduledByTheRunsOwnRules()
    {
        await using var bench = await JobsBench.CreateAsync(queue: RunQueues.Hangfire);
        await bench.Database.ExecuteAsync("UPDATE blob_chunks SET bytes = set_byte(bytes, 100, 255 - get_byte(bytes, 100)) WHERE number = 0");
        using var host = Delivery.Host(bench, new() { ["Worker:MaxFaults"] = "3" });
        await host.StartAsync(TestContext.Current.CancellationToken);
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));

        await host.Services.GetRequiredService<IRunDoorbell>().RingAsync(runId);
        await bench.WaitForAsync("state = 'failed'", runId);

        await host.StopAsync(TestContext.Current.CancellationToken);
        var run = await bench.RunAsync(runId);
        Assert.Equal((RunReason.Storage, 3), (run.Reason, run.Attempt));
        Assert.True(await CountAsync(bench, "SELECT FROM hangfire.state WHERE name = 'Failed'", 0));
    }

    [Theory]
    [InlineData("gpu", "gpu")]
    [InlineData("cpu", "cpu")]
    public async Task Enqueue_ARunForADevice_GoesWhereDevicesAreOrToAnyNode(string listensTo, string expected)
    {
        await using var bench = await JobsBench.CreateAsync(queue: RunQueues.Hangfire);
        using var host = Delivery.Host(bench, new() { ["Queue:Listen:0"] = listensTo });
        await host.StartAsync(TestContext.Current.CancellationToken);
        await JobsBench.WaitAsync(() => CountAsync(bench, "SELECT FROM hangfire.server", 2), "the servers to announce themselves");
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1) with { Backend = BackendKind.Opencl });
        // Paused: it is about the way of the id, and not every machine has a device.
        await bench.Commands.ApplyAsync(RunCommand.Pause, runId);

        await host.Services.GetRequiredService<IRunDoorbell>().RingAsync(runId);

        var queue = await bench.Database.ScalarAsync<string>($"SELECT invocationdata ->> 'Queue' FROM hangfire.job WHERE id IN ({Deliveries})");
        Assert.Equal(expected, queue);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static Task<bool> CountAsync(JobsBench bench, string rows, int expected) =>
        bench.Database.ScalarAsync<bool>($"SELECT count(*) = {expected} FROM ({rows}) AS found");

    private static Task<long> SweepsAsync(JobsBench bench) => bench.Database.ScalarAsync<long>(
        "SELECT count(*) FROM hangfire.job WHERE statename = 'Succeeded' AND invocationdata ->> 'Type' LIKE '%QueueSweep%' AND invocationdata ->> 'Method' = 'RingAsync'");
}
