using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Rendering;
using SparseService.Client.Output;

namespace SparseService.Client.Watching;

/// <summary>Curves, bars and events in the terminal, redrawn as they change.</summary>
internal sealed class LiveScreen : RunOutput
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(100);

    public override async Task OpenAsync(WatchedRun run, Func<Task> watching)
    {
        await AnsiConsole.Live(Picture(run)).AutoClear(false).Overflow(VerticalOverflow.Crop).StartAsync(async screen =>
        {
            var work = watching();
            while (await Task.WhenAny(work, Task.Delay(Frame)) != work)
            {
                screen.UpdateTarget(Picture(run));
            }

            screen.UpdateTarget(Picture(run));
            await work;
        });
    }

    // The next frame shows it.
    public override void Show(WatchedRun run, FeedItem item)
    {
    }

    public override void End(JsonElement run, IReadOnlyList<RequirementResult> results, int exitCode)
    {
        foreach (var result in results)
        {
            Console.WriteLine(result.InWords());
        }
    }

    private static Rows Picture(WatchedRun run)
    {
        lock (run)
        {
            var lines = WatchPicture.Draw(run, AnsiConsole.Profile.Width, AnsiConsole.Profile.Height, TimeProvider.System.GetUtcNow());
            return new Rows(lines.Select(IRenderable (line) => new Markup(line.Length == 0 ? " " : line).Overflow(Overflow.Crop)));
        }
    }
}
