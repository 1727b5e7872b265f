using Microsoft.Extensions.DependencyInjection;
using SparseService.Jobs.Events;
using SparseService.Persistence.Entities;
using Xunit;

namespace SparseService.Jobs.Tests;

public class RunEventTailTests
{
    [Fact]
    public async Task Follow_ConnectionsCutMeanwhile_HandsOutEveryEventOnce()
    {
        await using var bench = await JobsBench.CreateAsync();
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        var tail = bench.Worker().GetRequiredService<RunEventTail>();
        await tail.StartAsync(CancellationToken.None);
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                if (i % 40 == 20)
                {
                    await bench.Database.ExecuteAsync(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%LISTEN%' AND pid <> pg_backend_pid()");
                }

                await using var connection = await bench.Database.DataSource.OpenConnectionAsync();
                await using var transaction = await connection.BeginTransactionAsync();
                await RunEventLog.AppendAsync(connection, runId, RunEventKind.Log, new LogPayload("info", $"{i}"));
                await transaction.CommitAsync();
            }
        });

        var seen = new List<long>();
        await foreach (var runEvent in tail.FollowAsync(runId, 0, enough.Token))
        {
            seen.Add(runEvent.Seq);
            if (seen.Count == 50)
            {
                break;
            }
        }

        // Comes back with the last number that it saw.
        await foreach (var runEvent in tail.FollowAsync(runId, seen[^1], enough.Token))
        {
            seen.Add(runEvent.Seq);
            if (seen.Count == 101)
            {
                break;
            }
        }

        await writing;
        await tail.StopAsync(CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, 101).Select(seq => (long)seq), seen);
    }

    [Fact]
    public async Task FollowSteps_WhileTraining_ShowsTheFirstStepAndRisingOnes()
    {
        await using var bench = await JobsBench.CreateAsync();
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 8, small: false));
        var tail = bench.Worker().GetRequiredService<RunEventTail>();
        await tail.StartAsync(CancellationToken.None);
        await JobsBench.WaitAsync(
            () => bench.Database.ScalarAsync<bool>(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%')"),
            "the tail to listen");
        var seen = new List<StepUpdate>();
        using var done = new CancellationTokenSource();
        // Asking for the first one subscribes, before there is anything to hear.
        await using var steps = tail.FollowStepsAsync(runId, done.Token).GetAsyncEnumerator(done.Token);
        var next = steps.MoveNextAsync().AsTask();

        await bench.WorkAsync(runId);
        await next.WaitAsync(TimeSpan.FromSeconds(60));
        done.CancelAfter(TimeSpan.FromSeconds(1));
        try
        {
            do
            {
                seen.Add(steps.Current);
            }
            while (await steps.MoveNextAsync());
        }
        catch (OperationCanceledException)
        {
        }

        await tail.StopAsync(CancellationToken.None);

        Assert.NotEmpty(seen);
        Assert.Equal(seen.Select(step => step.Step).Order().Distinct(), seen.Select(step => step.Step));
        Assert.All(seen, step => Assert.Equal((runId, 200), (step.Run, step.StepsPerEpoch)));
    }
}
