using System.Text.Json;
using System.Text.Json.Nodes;
using SparseService.Client.Output;

namespace SparseService.Client.Watching;

/// <summary>Where the news of a run go.</summary>
internal abstract class RunOutput
{
    /// <summary>Chooses by who reads: a program, a terminal, a file.</summary>
    public static RunOutput OfWatch(bool json, bool plain) =>
        json ? new RunJsonLines() : plain || !Terminal.IsLive ? new RunPlainLines() : new LiveScreen();

    /// <summary>For those who wait for the end: seldom a line, and on standard error.</summary>
    public static RunOutput OfWait() => new RunSparseLines();

    /// <summary>Runs the watching with this output open.</summary>
    public virtual Task OpenAsync(WatchedRun run, Func<Task> watching) => watching();

    public abstract void Show(WatchedRun run, FeedItem item);

    /// <summary>The run has ended.</summary>
    /// <param name="run">As the service describes it now.</param>
    /// <param name="results">What became of the requirements.</param>
    /// <param name="exitCode">What the process will end with.</param>
    public virtual void End(JsonElement run, IReadOnlyList<RequirementResult> results, int exitCode)
    {
    }
}

/// <summary>One JSON object a line: events as the service sent them, steps with a kind, and at the end the run.</summary>
internal sealed class RunJsonLines : RunOutput
{
    public override void Show(WatchedRun run, FeedItem item)
    {
        if (item.Message.ValueKind == JsonValueKind.Undefined)
        {
            JsonLine.Write(new JsonObject { ["kind"] = item.Kind });
        }
        else if (item.Kind == "step")
        {
            var step = JsonObject.Create(item.Message)!;
            step.Insert(0, "kind", "step");
            JsonLine.Write(step);
        }
        else
        {
            JsonLine.Write(item.Message);
        }
    }

    public override void End(JsonElement run, IReadOnlyList<RequirementResult> results, int exitCode) => JsonLine.Write(new JsonObject
    {
        ["kind"] = "end",
        ["exitCode"] = exitCode,
        ["requirements"] = new JsonArray([.. results.Select(result => result.ToJson())]),
        ["run"] = JsonObject.Create(run),
    });
}

/// <summary>Lines for people, readable in a file: one for each epoch and for each other event.</summary>
internal class RunPlainLines : RunOutput
{
    private bool hasHeader;

    public override void Show(WatchedRun run, FeedItem item)
    {
        if (item.Kind == "epoch" && run.Newest is { } epoch)
        {
            if (!hasHeader)
            {
                hasHeader = true;
                Say("      epoch       loss  test loss  accuracy   connections   density  time left");
            }

            Say($"{$"{epoch.Epoch}/{run.EpochsTotal}",11} {Words.Number(epoch.Loss),10} {Words.Number(epoch.TestLoss),10} "
                + $"{Words.Share(epoch.TestAccuracy),9}  {Words.Count(epoch.Nnz),12} {Words.Share(epoch.Density),9}  "
                + Words.Duration(epoch.SecondsLeft));
        }
        else if (News.Of(item) is { } news)
        {
            Say($"{Words.Instant(news.At ?? TimeProvider.System.GetUtcNow())[11..]}  {news.Kind,-10}  {news.Text}");
        }
    }

    public override void End(JsonElement run, IReadOnlyList<RequirementResult> results, int exitCode)
    {
        foreach (var result in results)
        {
            Say(result.InWords());
        }
    }

    protected virtual void Say(string line) => Console.WriteLine(line);
}

/// <summary>On standard error, and of epochs only one in a while: a log of a build must not drown.</summary>
internal sealed class RunSparseLines : RunPlainLines
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private long? last;

    public override void Show(WatchedRun run, FeedItem item)
    {
        var isDue = last is not { } at || TimeProvider.System.GetElapsedTime(at) > Pause || run.Newest?.Epoch == run.EpochsTotal;
        if (item.Kind == "checkpoint" || (item.Kind == "epoch" && !isDue))
        {
            return;
        }

        if (item.Kind == "epoch")
        {
            last = TimeProvider.System.GetTimestamp();
        }

        base.Show(run, item);
    }

    protected override void Say(string line) => Console.Error.WriteLine(line);
}
