using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using SparseService.Jobs.Commands;
using SparseService.Jobs.Queue;
using SparseService.Persistence.Entities;
using Xunit;

namespace SparseService.Jobs.Tests;

public class QueueTests
{
    [Fact]
    public async Task Claim_EightAtOnce_EachRunGoesToOneWorker()
    {
        await using var bench = await JobsBench.CreateAsync();
        for (var i = 0; i < 40; i++)
        {
            await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        }

        var queue = bench.Worker().GetRequiredService<RunQueue>();
        var claimed = new ConcurrentBag<Guid>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            // A worker may find the queue's head locked by all the others and leave empty-handed: it asks again, as a real one does.
            while (claimed.Count < 40)
            {
                if (await queue.ClaimAsync($"worker {worker}") is { } run)
                {
                    claimed.Add(run.RunId);
                }
            }
        }));

        Assert.Equal(40, claimed.Distinct().Count());
        Assert.Equal(40, claimed.Count);
        Assert.Equal(40L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM runs WHERE state = 'starting' AND attempt = 1 AND lease_epoch = 1"));
    }

    [Fact]
    public async Task Claim_NotYetDueOrLeased_IsLeftAlone()
    {
        await using var bench = await JobsBench.CreateAsync();
        var queue = bench.Worker().GetRequiredService<RunQueue>();
        var later = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        await bench.Database.ExecuteAsync($"UPDATE runs SET not_before = now() + interval '1 hour' WHERE id = '{later}'");
        Assert.Null(await queue.ClaimAsync("a"));

        await bench.Database.ExecuteAsync($"UPDATE runs SET not_before = now() WHERE id = '{later}'");
        Assert.NotNull(await queue.ClaimAsync("a"));
        Assert.Null(await queue.ClaimAsync("b"));

        await bench.ExpireLeaseAsync(later);
        var second = await queue.ClaimAsync("b");
        Assert.Equal((2L, 2, 1), (second!.LeaseEpoch, second.Attempt, second.Faults));
    }

    [Fact]
    public async Task Claim_WorkerDiedTooOften_TheRunFails()
    {
        await using var bench = await JobsBench.CreateAsync();
        var queue = bench.Worker(settings: new() { ["Worker:MaxFaults"] = "3" }).GetRequiredService<RunQueue>();
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        for (var claims = 0; claims < 3; claims++)
        {
            Assert.NotNull(await queue.ClaimAsync("a"));
            await bench.ExpireLeaseAsync(runId);
        }

        Assert.Null(await queue.ClaimAsync("a"));
        var run = await bench.RunAsync(runId);
        Assert.Equal((RunState.Failed, RunReason.LeaseLost), (run.State, run.Reason));
        RunHistory.AssertNotStranded(run);
    }

    [Theory]
    [InlineData("pausing", RunState.Paused)]
    [InlineData("stopping", RunState.Cancelled)]
    public async Task Claim_WorkerDiedBeforeItObeyed_TheCommandIsCarriedOut(string state, RunState expected)
    {
        await using var bench = await JobsBench.CreateAsync();
        var queue = bench.Worker().GetRequiredService<RunQueue>();
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        await queue.ClaimAsync("a");
        await bench.Database.ExecuteAsync($"UPDATE runs SET state = '{state}' WHERE id = '{runId}'");
        await bench.ExpireLeaseAsync(runId);

        Assert.Null(await queue.ClaimAsync("b"));

        var run = await bench.RunAsync(runId);
        Assert.Equal(expected, run.State);
        RunHistory.AssertNotStranded(run);
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public async Task Commands_InAnyOrderWithDyingWorkers_NeverStrandARun(ulong seed)
    {
        await using var bench = await JobsBench.CreateAsync();
        var queue = bench.Worker(settings: new() { ["Worker:MaxFaults"] = "1000" }).GetRequiredService<RunQueue>();
        var random = Engine.RandomStream.For(seed, Engine.RandomPurpose.Shuffle);
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 2));
        for (var step = 0; step < 40; step++)
        {
            switch (random.NextBelow(6))
            {
                case 0:
                    await queue.ClaimAsync("a worker that dies at once");
                    break;
                case 1:
                    await bench.Database.ExecuteAsync($"UPDATE runs SET lease_expires_at = now() - interval '1 s' WHERE id = '{runId}' AND lease_owner IS NOT NULL");
                    break;
                case 2 when random.NextBelow(4) == 0:
                    await bench.WorkAsync(runId);
                    break;
                default:
                    await bench.Commands.ApplyAsync((RunCommand)random.NextBelow(3), runId);
                    break;
            }

            RunHistory.AssertNotStranded(await bench.RunAsync(runId));
        }

        // Whatever it was, a living worker brings it to an end or finds it at rest.
        await bench.Database.ExecuteAsync($"UPDATE runs SET lease_expires_at = now() - interval '1 s' WHERE id = '{runId}' AND lease_owner IS NOT NULL");
        await bench.WorkAsync(runId);
        var run = await bench.RunAsync(runId);
        Assert.Contains(run.State, (RunState[])[RunState.Succeeded, RunState.Cancelled, RunState.Paused]);
        var events = await bench.Database.ScalarAsync<long>($"SELECT count(*) FROM run_events WHERE run_id = '{runId}'");
        Assert.Equal(run.LastEventSeq, events);
    }
}
