using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Watching;

/// <summary>What is known of a run that is being watched, brought up to date item by item.</summary>
internal sealed class WatchedRun
{
    private const int KeptNews = 50;
    private readonly Queue<News> news = [];

    public WatchedRun(JsonElement run)
    {
        Id = run.Id();
        Name = run.Text("name") is { } name ? Words.Safe(name) : null;
        State = run.Text("state") ?? "";
        EpochsTotal = (int)(run.Whole("epochsTotal") ?? 0);
        StartedAt = run.Instant("startedAt");
    }

    public Guid Id { get; }

    public string? Name { get; }

    public string State { get; private set; }

    public string? Message { get; private set; }

    public int EpochsTotal { get; private set; }

    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? FinishedAt { get; private set; }

    /// <summary>False while the service does not answer.</summary>
    public bool IsConnected { get; private set; } = true;

    /// <summary>Epochs done and the part of the one that runs.</summary>
    public double EpochsDone { get; private set; }

    /// <summary>Of the newest minibatch.</summary>
    public double? StepLoss { get; private set; }

    /// <summary>The numbers of the newest epoch.</summary>
    public EpochNumbers? Newest => Epochs.Count > 0 ? Epochs[^1] : null;

    public List<EpochNumbers> Epochs { get; } = [];

    /// <summary>What happened besides epochs; newest last.</summary>
    public IReadOnlyCollection<News> News => news;

    public void Apply(FeedItem item)
    {
        var payload = item.Message.Find("payload") ?? item.Message;
        switch (item.Kind)
        {
            case FeedItem.Lost or FeedItem.Back:
                IsConnected = item.Kind == FeedItem.Back;
                break;
            case "state":
                Enter(payload, item.Message.Instant("at"));
                break;
            case "epoch":
                Epochs.Add(EpochNumbers.From(payload));
                EpochsTotal = (int)(payload.Whole("epochsTotal") ?? EpochsTotal);
                EpochsDone = Epochs[^1].Epoch;
                break;
            case "step" when payload.Number("stepsPerEpoch") is { } steps and > 0:
                var epoch = payload.Number("epoch") ?? 1;
                EpochsDone = epoch - 1 + Math.Clamp(((payload.Number("step") ?? 0) - ((epoch - 1) * steps)) / steps, 0, 1);
                StepLoss = payload.Number("loss");
                break;
        }

        if (Watching.News.Of(item) is { } said)
        {
            news.Enqueue(said);
            if (news.Count > KeptNews)
            {
                news.Dequeue();
            }
        }
    }

    private void Enter(JsonElement payload, DateTimeOffset? at)
    {
        State = payload.Text("state") ?? State;
        Message = payload.Text("message") is { } message ? Words.Safe(message) : null;
        StartedAt ??= State == "running" ? at : null;
        FinishedAt = RunFeed.IsFinished(State) ? at : null;
        StepLoss = null;
    }
}

/// <summary>What a chart and a line show of an epoch.</summary>
internal sealed record EpochNumbers(
    int Epoch, double? Loss, double? TestLoss, double? TrainAccuracy, double? TestAccuracy, double? Nnz, double? Density,
    double? SamplesPerSecond, double? SecondsLeft)
{
    public static EpochNumbers From(JsonElement payload) => new(
        (int)(payload.Whole("epoch") ?? 0), payload.Number("loss"), payload.Number("testLoss"), payload.Number("trainAccuracy"),
        payload.Number("testAccuracy"), payload.Number("nnz"), payload.Number("density"), payload.Number("samplesPerSecond"),
        payload.Number("secondsLeft"));
}

/// <summary>A line about something that is no epoch and no step.</summary>
internal sealed record News(DateTimeOffset? At, string Kind, string Text)
{
    /// <returns>Null for what charts show.</returns>
    public static News? Of(FeedItem item)
    {
        var payload = item.Message.Find("payload") ?? default;
        var text = item.Kind switch
        {
            "state" => $"{payload.Text("state")}{Reason(payload)}{(payload.Text("message") is { } message ? $": {message}" : "")}",
            "checkpoint" => $"after epoch {payload.Whole("epoch")}, {Words.Bytes(payload.Number("bytes"))}, {payload.Text("checkpointId")}",
            "model" =>
                $"{Words.Bytes(payload.Number("bytes"))}, {Words.Count(payload.Number("nnz"))} connections, {payload.Text("modelId")}",
            "log" => $"{payload.Text("level")}: {payload.Text("message")}",
            FeedItem.Lost => "the service does not answer; trying again",
            FeedItem.Back => "the service answers again",
            _ => null,
        };
        return text is null ? null : new News(item.Message.Instant("at"), item.Kind, Words.Safe(text));
    }

    private static string Reason(JsonElement payload) => payload.Text("reason") is { } reason and not "none" ? $" ({reason})" : "";
}
