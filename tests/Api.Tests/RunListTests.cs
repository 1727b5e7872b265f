using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using SparseService.Api.Runs;
using SparseService.Persistence.Entities;

namespace SparseService.Api.Tests;

/// <summary>The list of runs in every order, and live.</summary>
public sealed class RunListTests(ServiceFixture service, TrainedRun trained)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("name")]
    [InlineData("state")]
    [InlineData("progress")]
    [InlineData("loss")]
    [InlineData("testLoss")]
    [InlineData("testAccuracy")]
    [InlineData("bestTestAccuracy")]
    [InlineData("density")]
    [InlineData("nnz")]
    [InlineData("duration")]
    public async Task List_SortedAndPaged_ShowsEachRunOnceAndThoseWithoutTheNumberLast(string sort)
    {
        var label = $"sorted-{sort}";
        await InsertAsync(label);
        foreach (var direction in new[] { "", "-" })
        {
            var names = await ReadPagesAsync($"sort={direction}{sort}&label=kind={label}");
            Assert.Equal(7, names.Distinct().Count());
            Assert.Equal(7, names.Count);
            var numbered = names.Where(name => name != "none").Select(name => int.Parse(name[1..])).ToList();
            if (sort == "name")
            {
                string[] upwards = ["none", "r1", "r2", "r3", "r4", "r5", "r6"];
                Assert.Equal(direction == "" ? upwards : upwards.Reverse(), names);
            }
            else if (sort is not ("state" or "progress"))
            {
                Assert.Equal("none", names[^1]);
                var values = numbered.Select(number => (number + 1) / 2).ToList(); // Two runs share each value.
                Assert.Equal(direction == "" ? values.Order() : values.OrderDescending(), values);
            }
        }
    }

    [Theory]
    [InlineData("sort=colour", "sort")]
    [InlineData("sort=", "sort")]
    [InlineData("sort=loss&cursor=abc", "cursor")]
    [InlineData("sort=loss&cursor=e30", "cursor")]
    [InlineData("sort=loss&cursor=%3Cscript%3E", "cursor")]
    public async Task List_BadOrder_NamesParameter(string query, string path) =>
        await (await service.Viewer.GetAsync($"/v1/runs?{query}", Cancellation)).RefusalAsync(400, path);

    [Fact]
    public async Task List_CursorOfAnotherOrder_IsRefused()
    {
        await InsertAsync("other-order");
        var page = await (await service.Viewer.GetAsync("/v1/runs?sort=loss&limit=2&label=kind=other-order", Cancellation)).JsonAsync();
        await (await service.Viewer.GetAsync($"/v1/runs?sort=-loss&cursor={page["nextCursor"]}", Cancellation)).RefusalAsync(400, "cursor");
    }

    [Fact]
    public async Task Hub_ListSubscribed_ShowsNewChangedAndDeletedRuns()
    {
        await using var connection = await HubClient.ConnectAsync(service, service.ViewerKey, Cancellation);
        var states = new ConcurrentQueue<RunState>();
        var deleted = new ConcurrentDictionary<Guid, bool>();
        var news = new SemaphoreSlim(0);
        connection.On<RunsChangedMessage>("RunsChanged", message =>
        {
            message.Runs.Where(run => run.Name == "list live").ToList().ForEach(run => states.Enqueue(run.State));
            message.Deleted.ToList().ForEach(id => deleted[id] = true);
            news.Release();
        });
        await connection.InvokeAsync("SubscribeList", Cancellation);

        var created = await (
            await service.Submitter.PostAsync("/v1/runs", RunTests.Json(RunTests.Spec("list live", epochs: 3)), Cancellation))
            .JsonAsync(HttpStatusCode.Created);
        await UntilAsync(news, () => states.Contains(RunState.Succeeded));
        Assert.Equal(
            HttpStatusCode.NoContent, (await service.Submitter.DeleteAsync($"/v1/runs/{created.Id()}", Cancellation)).StatusCode);
        await UntilAsync(news, () => deleted.ContainsKey(created.Id()));
    }

    [Fact]
    public async Task Run_ThatWasTrained_SaysWhereAndHowItsLayersWent()
    {
        var run = await trained.GetAsync(service);
        var environment = (await (await service.Viewer.GetAsync($"/v1/runs/{run.Id()}", Cancellation)).JsonAsync())["environment"]!;
        Assert.Equal(("simd", 1), ((string?)environment["backend"], (int)environment["threads"]!));
        Assert.NotEmpty((string)environment["processor"]!);

        var address = $"/v1/runs/{run.Id()}/statistics/history";
        var history = (await (await service.Viewer.GetAsync(address, Cancellation)).JsonAsync()).AsArray();
        Assert.Equal([1, 2, 3], history.Select(entry => (int)entry!["epoch"]!));
        Assert.All(history, entry => Assert.Equal(20, entry!["layers"]![0]!["importance"]!["histogram"]!.AsArray().Count));
        Assert.Null(history[0]!["layers"]![0]!["importance"]!["top"]);
        var few = (await (await service.Viewer.GetAsync($"{address}?maxEpochs=2", Cancellation)).JsonAsync()).AsArray();
        Assert.Equal([1, 3], few.Select(entry => (int)entry!["epoch"]!));
        await (await service.Viewer.GetAsync($"{address}?maxEpochs=0", Cancellation)).RefusalAsync(400, "maxEpochs");

        var full = await (await service.Viewer.GetAsync($"/v1/runs/{run.Id()}/statistics", Cancellation)).JsonAsync();
        Assert.Equal(20, full["layers"]![0]!["fanIn"]!["histogram"]!.AsArray().Sum(count => (int)count!));
        var metrics = await (await service.Viewer.GetAsync(
            $"/v1/runs/{run.Id()}/metrics?series=gigaflopsPerSecond,workerBytes", Cancellation)).JsonAsync();
        Assert.All(metrics.AsObject().SelectMany(series => series.Value!.AsArray()), point => Assert.True((double)point!["value"]! > 0));
        Assert.Equal(3, metrics["workerBytes"]!.AsArray().Count);
    }

    private static async Task UntilAsync(SemaphoreSlim news, Func<bool> isTrue)
    {
        while (!isTrue())
        {
            Assert.True(await news.WaitAsync(Patience, Cancellation), "Nothing came in time");
        }
    }

    // Six finished runs whose numbers come in pairs, and one that never started.
    private async Task InsertAsync(string label)
    {
        var dataset = await service.InDatabaseAsync(db => db.Datasets.Select(row => row.Id).FirstAsync(Cancellation));
        var spec = Engine.Training.RunSpecJson.Parse(Encoding.UTF8.GetBytes(RunTests.Spec("sorted").ToJsonString()));
        var start = DateTimeOffset.UnixEpoch.AddYears(40);
        await service.InDatabaseAsync(async db =>
        {
            for (var number = 0; number <= 6; number++)
            {
                var value = (number + 1) / 2;
                var isReal = number > 0;
                db.Runs.Add(new TrainingRun
                {
                    Id = Guid.CreateVersion7(), OwnerId = Guid.CreateVersion7(), Name = isReal ? $"r{number}" : "none", Spec = spec,
                    Labels = new() { ["kind"] = label }, DatasetId = dataset, State = RunState.Cancelled,
                    EpochsTotal = 10, EpochsDone = value,
                    Loss = isReal ? value : null, TestLoss = isReal ? value : null, TestAccuracy = isReal ? value / 10.0 : null,
                    BestTestAccuracy = isReal ? value / 10.0 : null, Nnz = isReal ? value : null, Density = isReal ? value / 10.0 : null,
                    CreatedAt = start, NotBefore = start, StartedAt = isReal ? start : null,
                    FinishedAt = isReal ? start.AddSeconds(value) : null,
                });
            }

            return await db.SaveChangesAsync(Cancellation);
        });
    }

    private async Task<List<string>> ReadPagesAsync(string query)
    {
        var names = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await (await service.Viewer.GetAsync(
                $"/v1/runs?limit=2&{query}{(cursor == "" ? "" : $"&cursor={cursor}")}", Cancellation)).JsonAsync();
            names.AddRange(page["items"]!.AsArray().Select(item => (string)item!["name"]!));
            cursor = (string?)page["nextCursor"];
        }

        return names;
    }
}
