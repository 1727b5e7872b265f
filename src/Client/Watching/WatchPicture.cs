using Spectre.Console;
using SparseService.Client.Output;

namespace SparseService.Client.Watching;

/// <summary>A run as lines of markup for a terminal of a certain size.</summary>
internal static class WatchPicture
{
    private const int SideBySide = 90;
    private const int MostNews = 6;

    // Values so far apart would all lie on the floor of a linear axis.
    private const double LogFrom = 20;

    // Everything but the charts and the news.
    private const int OtherLines = 9;

    public static IReadOnlyList<string> Draw(WatchedRun run, int width, int height, DateTimeOffset now)
    {
        width = Math.Clamp(width, 40, 160);
        var news = Math.Clamp(height / 6, 2, MostNews);
        var lines = new List<string> { Title(run), Progress(run, width, now), "" };
        if (run.Epochs.Count > 0)
        {
            lines.AddRange(Charts(run, width, height - OtherLines - news));
            lines.Add(Density(run, width));
        }

        lines.Add("");
        lines.AddRange(run.News.TakeLast(news).Select(item => Line(item, width)));
        return lines;
    }

    private static string Title(WatchedRun run)
    {
        var color = Terminal.OfState(run.State) switch
        {
            Paint.Green => "green", Paint.Red => "red", Paint.Yellow => "yellow", Paint.Cyan => "cyan", _ => "default",
        };
        var lost = run.IsConnected ? "" : "   [yellow]the service does not answer; trying again …[/]";
        return $"[bold]{Markup.Escape(run.Name ?? "run")}[/]  [dim]{run.Id}[/]  [{color}]{Markup.Escape(run.State)}[/]{lost}";
    }

    private static string Progress(WatchedRun run, int width, DateTimeOffset now)
    {
        var share = run.EpochsTotal == 0 ? 0 : Math.Clamp(run.EpochsDone / run.EpochsTotal, 0, 1);
        var left = run.State == "running" && run.Newest?.SecondsLeft is { } seconds ? $"   left {Words.Duration(seconds)}" : "";
        var took = run.StartedAt is { } start ? $"   took {Words.Duration(((run.FinishedAt ?? now) - start).TotalSeconds)}" : "";
        var rate = run.Newest?.SamplesPerSecond is { } samples ? $"   {Words.Count(samples)} samples/s" : "";
        var loss = run.StepLoss is { } step ? $"   loss {Words.Number(step)}" : "";
        var head = $"epoch {Math.Min(run.EpochsTotal, (int)run.EpochsDone + (share < 1 ? 1 : 0))}/{run.EpochsTotal} ";
        var tail = Words.Fit($" {share:0 %}{took}{left}{rate}{loss}", Math.Max(6, width - head.Length - 12));
        return $"{head}{Bar(share, Math.Clamp(width - head.Length - tail.Length - 2, 8, 50), "green")}{tail}";
    }

    private static IEnumerable<string> Charts(WatchedRun run, int width, int room)
    {
        var isWide = width >= SideBySide;
        var each = isWide ? (width - 3) / 2 : width;
        var height = Math.Clamp((isWide ? room : room / 2) - 2, 3, 14);
        var loss = Chart(
            [Curve(run, "train loss", "blue", epoch => epoch.Loss), Curve(run, "test loss", "magenta", epoch => epoch.TestLoss)],
            each, height, value => Words.Number(Math.Round(value, 4)), mayBeLog: true);
        var accuracy = Chart(
            [
                Curve(run, "train accuracy", "blue", epoch => epoch.TrainAccuracy),
                Curve(run, "test accuracy", "magenta", epoch => epoch.TestAccuracy),
            ],
            each, height, Percent);
        return isWide ? loss.Zip(accuracy, (one, other) => $"{one}   {other}") : loss.Concat(accuracy);
    }

    private static IEnumerable<string> Chart(
        Curve[] curves, int width, int height, Func<double, string> label, bool mayBeLog = false)
    {
        var drawable = curves.Where(curve => curve.Points.Count > 0).ToList();
        var legend = string.Join("   ", drawable.Select(curve => $"{curve.Name} {label(curve.Points[^1].Y)}"));
        var marked = string.Join("   ", drawable.Select(curve => $"[{curve.Color}]{curve.Name}[/] {label(curve.Points[^1].Y)}"));
        var values = curves.SelectMany(curve => curve.Points).Select(point => point.Y).ToList();
        var isLog = mayBeLog && values.Count > 0 && values.Min() > 0 && values.Max() / values.Min() >= LogFrom;
        var (sign, signed) = isLog ? ("   log axis", "   [dim]log axis[/]") : ("", "");
        var drawn = isLog
            ? BrailleChart.Draw([.. curves.Select(Logarithm)], width, height, value => label(Math.Pow(10, value)))
            : BrailleChart.Draw(curves, width, height, label);
        return [marked + signed + new string(' ', Math.Max(0, width - legend.Length - sign.Length)), .. drawn];
    }

    private static Curve Logarithm(Curve curve) =>
        curve with { Points = [.. curve.Points.Select(point => (point.X, Math.Log10(point.Y)))] };

    private static Curve Curve(WatchedRun run, string name, string color, Func<EpochNumbers, double?> value) =>
        new(name, color, [.. from epoch in run.Epochs let y = value(epoch) where y is not null select ((double)epoch.Epoch, y.Value)]);

    private static string Density(WatchedRun run, int width)
    {
        var epoch = run.Newest!;
        return $"density {Bar(epoch.Density ?? 0, Math.Min(30, width / 4), "cyan")} {Words.Share(epoch.Density)}   "
            + $"{Words.Count(epoch.Nnz)} connections";
    }

    private static string Line(News item, int width)
    {
        var text = $"{(item.At is { } at ? Words.Instant(at)[11..] : "        ")}  {item.Kind,-10}  {item.Text}";
        return $"[dim]{Markup.Escape(Words.Fit(text, width - 1))}[/]";
    }

    // Eighths of a cell, so that slow progress is seen too.
    private static string Bar(double share, int width, string color)
    {
        const string Eighths = " ▏▎▍▌▋▊▉█";
        var eighths = (int)Math.Round(Math.Clamp(share, 0, 1) * width * 8);
        var (full, rest) = (eighths / 8, eighths % 8);
        var end = rest > 0 ? Eighths[rest].ToString() : "";
        return $"[dim]▕[/][{color}]{new string('█', full)}{end}[/]{new string(' ', width - full - end.Length)}[dim]▏[/]";
    }

    private static string Percent(double share) => share.ToString("0.0 %", System.Globalization.CultureInfo.InvariantCulture);
}
