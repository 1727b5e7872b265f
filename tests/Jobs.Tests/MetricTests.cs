using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SparseService.Engine.Training;
using SparseService.Jobs.Commands;
using SparseService.Jobs.Queue;
using SparseService.Jobs.Training;
using SparseService.Persistence.Entities;
using Xunit;

namespace SparseService.Jobs.Tests;

public class MetricTests
{
    [Fact]
    public async Task Steps_PausedAndResumed_AreStoredToTheLastOneWithoutOverlap()
    {
        await using var bench = await JobsBench.CreateAsync();
        var options = JobsBench.Options(epochs: 80, small: false, checkpointEvery: 10); // Far more than is trained until the command is heard.
        var runId = await bench.CreateRunAsync(options);
        var hold = await RecordHold.PlaceAsync(bench.Database, epochs: 1);
        var work = bench.WorkAsync(runId);
        await bench.WaitForAsync("epochs_done >= 1", runId);
        await bench.CommandAsync(RunCommand.Pause, runId);
        await hold.DisposeAsync();
        Assert.Equal(RunOutcome.Paused, await work);
        var pausedAt = (await bench.RunAsync(runId)).StepsDone;
        Assert.Equal(pausedAt, await LastStepAsync(bench));

        // An older worker saw steps that no checkpoint holds: they are trained again, and not stored again.
        await bench.Database.ExecuteAsync($"DELETE FROM checkpoints; UPDATE runs SET last_checkpoint_id = NULL WHERE id = '{runId}'");
        var before = await StepsAsync(bench);
        await bench.CommandAsync(RunCommand.Resume, runId);
        Assert.Equal(RunOutcome.Succeeded, await bench.WorkAsync(runId));

        var after = await StepsAsync(bench);
        Assert.Equal(before, after.TakeWhile(point => point.Step <= pausedAt));
        Assert.Equal(80L * 200, await LastStepAsync(bench));
        Assert.All(after, point => Assert.InRange(point.Value, 0, 10));
        await RunHistory.AssertWholeAsync(bench, runId, 80);
    }

    [Fact]
    public async Task Steps_CannotBeWritten_TheRunSucceedsAllTheSame()
    {
        await using var bench = await JobsBench.CreateAsync();
        await bench.Database.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room for steps'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON run_metrics FOR EACH ROW WHEN (NEW.series = 'stepLoss') EXECUTE FUNCTION refuse();
            """);
        var options = JobsBench.Options(epochs: 8, small: false);
        var runId = await bench.CreateRunAsync(options);

        Assert.Equal(RunOutcome.Succeeded, await bench.WorkAsync(runId));

        Assert.Empty(await StepsAsync(bench));
        await RunHistory.AssertWholeAsync(bench, runId, 8);
        Assert.Equal(JobsBench.TrainUndisturbed(options), await bench.ModelBytesAsync(runId));
    }

    [Fact]
    public async Task Epoch_NumbersThatAreNotFinite_AreLeftOutAndSaidSo()
    {
        await using var bench = await JobsBench.CreateAsync();
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 9));
        var worker = bench.Worker();
        var claimed = await worker.GetRequiredService<RunQueue>().ClaimAsync("a");
        using var lease = new RunLease(bench.Database.DataSource, claimed!, TimeSpan.FromSeconds(30), TimeProvider.System, NullLogger.Instance);
        var writer = new EpochWriter(bench.Database.DataSource, lease, await bench.RunAsync(runId));
        var result = new EpochResult
        {
            Epoch = 1, Step = 16, Loss = 0.5, TestLoss = 0.25, TestAccuracy = 0.75, Nnz = 10, Density = 0.1, LearningRate = 0.01,
            GradientNorm = double.NaN, SamplesPerSecond = double.PositiveInfinity, TrainSeconds = 1, EvolutionSeconds = 1, TestSeconds = 1,
            Statistics = new NetworkStatistics { Layers = [], InputImportance = [1, float.NaN, float.NegativeInfinity] },
        };

        await writer.WriteAsync(new EpochRecord { Result = result }, CancellationToken.None);

        await using var db = bench.Database.OpenContext();
        var series = await db.RunMetrics.Select(metric => metric.Series).ToListAsync();
        Assert.Contains("loss", series);
        Assert.DoesNotContain("gradientNorm", series);
        Assert.DoesNotContain("samplesPerSecond", series);
        Assert.Equal(0L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM run_metrics WHERE value IN ('NaN', 'Infinity', '-Infinity')"));
        using var statistics = JsonDocument.Parse((await db.RunStatistics.SingleAsync()).Payload);
        Assert.Equal(
            [JsonValueKind.Number, JsonValueKind.Null, JsonValueKind.Null],
            statistics.RootElement.GetProperty("inputImportance").EnumerateArray().Select(value => value.ValueKind));
        var log = await db.RunEvents.SingleAsync(e => e.Kind == RunEventKind.Log);
        Assert.Contains("gradientNorm, samplesPerSecond, gigaflopsPerSecond, statistics", log.Payload, StringComparison.Ordinal);
        var epoch = await db.RunEvents.SingleAsync(e => e.Kind == RunEventKind.Epoch);
        Assert.DoesNotContain("gradientNorm", epoch.Payload, StringComparison.Ordinal);
    }

    private static Task<long> LastStepAsync(JobsBench bench) => bench.Database.ScalarAsync<long>("SELECT max(step) FROM run_metrics WHERE series = 'stepLoss'");

    private static async Task<List<MetricPoint>> StepsAsync(JobsBench bench)
    {
        await using var db = bench.Database.OpenContext();
        return await db.RunMetrics.Where(metric => metric.Series == "stepLoss").OrderBy(metric => metric.Step)
            .Select(metric => new MetricPoint(metric.Series, metric.Step, metric.Value)).ToListAsync();
    }
}
