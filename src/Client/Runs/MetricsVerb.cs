using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;

namespace SparseService.Client.Runs;

/// <summary><c>sparse runs metrics RUN</c>.</summary>
internal sealed class MetricsVerb : RunVerb
{
    private readonly Option<string?> series = Text(
        "--series", "NAME,…", "Which (loss,testAccuracy); stepLoss is by step. Without it all of epochs.");
    private readonly Option<int?> points = Number(
        "--max-points", 4, "Thins each series to so many points; smallest and largest stay (500).");
    private readonly Option<bool> csv = Flag("--csv", "series,step,value instead of a table.");

    public MetricsVerb()
        : base(
            "metrics", "Prints the curves of a run.",
            "./sparse runs metrics glyphs --series loss,testAccuracy",
            "./sparse runs metrics glyphs --series stepLoss --max-points 5000 --csv > loss.csv",
            "./sparse runs metrics glyphs --json | jq '.testAccuracy[-1].value'") => Add(series, points, csv);

    protected override async Task<int> RunAsync(Call call, JsonElement run, CancellationToken cancellationToken)
    {
        var query = Query.Of([
            ("maxPoints", call.Arguments.GetValue(points)?.ToString(CultureInfo.InvariantCulture)),
            ("series", call.Arguments.GetValue(series)),
        ]);
        var answer = await call.Client.GetAsync($"v1/runs/{run.Id()}/metrics?{query.TrimStart('&')}", cancellationToken);
        if (!call.Json && call.Arguments.GetValue(csv))
        {
            Console.WriteLine("series,step,value");
            foreach (var curve in answer.EnumerateObject())
            {
                foreach (var point in curve.Value.EnumerateArray())
                {
                    var value = point.Number("value")?.ToString("R", CultureInfo.InvariantCulture);
                    Console.WriteLine($"{curve.Name},{point.Whole("step")},{value}");
                }
            }

            return ExitCode.Done;
        }

        return call.Show(answer, () => Print(answer));
    }

    // A row for each step that any series has.
    private static void Print(JsonElement answer)
    {
        var curves = answer.EnumerateObject().Where(curve => curve.Value.GetArrayLength() > 0)
            .Select(curve => (
                curve.Name,
                Points: curve.Value.EnumerateArray().ToDictionary(point => point.Whole("step") ?? 0, point => point.Number("value"))))
            .ToList();
        var table = new Table([">step", .. curves.Select(curve => $">{curve.Name}")]);
        foreach (var step in curves.SelectMany(curve => curve.Points.Keys).Distinct().Order())
        {
            table.Add([$"{step}", .. curves.Select(curve => Words.Number(curve.Points.GetValueOrDefault(step)))]);
        }

        table.Write();
    }
}
