using System.CommandLine;
using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;
using SparseService.Client.Watching;

namespace SparseService.Client.Runs;

/// <summary><c>sparse runs events RUN</c>.</summary>
internal sealed class EventsVerb : RunVerb
{
    private const int PageSize = 1000;
    private readonly Option<int?> after = Number("--after", 0, "Only events behind this sequence number.");
    private readonly Option<string?> kind = Text("--kind", "KIND,…", "Only state, epoch, checkpoint, model or log.");

    public EventsVerb()
        : base(
            "events", "Prints what happened to a run, oldest first; --json prints one event a line.",
            "./sparse runs events glyphs",
            "./sparse runs events glyphs --kind log,state",
            "./sparse runs events glyphs --json | jq 'select(.kind == \"epoch\") | .payload.testAccuracy'") => Add(after, kind);

    protected override async Task<int> RunAsync(Call call, JsonElement run, CancellationToken cancellationToken)
    {
        var kinds = call.Arguments.GetValue(kind)?.Split(',', StringSplitOptions.TrimEntries);
        long last = call.Arguments.GetValue(after) ?? 0;
        while (true)
        {
            var page = await call.Client.GetAsync($"v1/runs/{run.Id()}/events?after={last}&limit={PageSize}", cancellationToken);
            foreach (var item in page.Items("items").Where(item => kinds?.Contains(item.Text("kind")) != false))
            {
                Print(item, call.Json);
            }

            if (!page.Flag("more"))
            {
                return ExitCode.Done;
            }

            last = page.Whole("lastSeq") ?? last;
        }
    }

    private static void Print(JsonElement item, bool json)
    {
        if (json)
        {
            JsonLine.Write(item);
            return;
        }

        var (word, payload) = (item.Text("kind") ?? "", item.Find("payload") ?? default);
        var text = News.Of(new FeedItem(word, item))?.Text
            ?? $"{payload.Whole("epoch")}/{payload.Whole("epochsTotal")}, loss {Words.Number(payload.Number("loss"))}, "
            + $"test accuracy {Words.Share(payload.Number("testAccuracy"))}, density {Words.Share(payload.Number("density"))}";
        Console.WriteLine($"{item.Whole("seq"),6}  {Words.Instant(item.Instant("at"))}  {word,-10}  {text}");
    }
}
