using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Watching;

/// <summary>A condition on what a run has reached, such as <c>test_accuracy>=0.85</c>.</summary>
internal sealed record Requirement(string Text, string Metric, string Operator, double Bound)
{
    /// <summary>Numbers of the run itself, of its model, and series of which the last value counts.</summary>
    public static IReadOnlyList<string> Metrics { get; } =
    [
        "test_accuracy", "best_test_accuracy", "test_loss", "loss", "train_accuracy", "nnz", "density", "model_bytes", "duration_seconds",
        "samples_per_second",
    ];

    private static readonly string[] Operators = [">=", "<=", "==", ">", "<"];

    /// <exception cref="FormatException">With what is allowed.</exception>
    public static Requirement Parse(string text)
    {
        var sign = Operators.FirstOrDefault(sign => text.Contains(sign, StringComparison.Ordinal));
        if (sign is not null)
        {
            var place = text.IndexOf(sign, StringComparison.Ordinal);
            var (metric, bound) = (SnakeCase(text[..place].Trim()), text[(place + sign.Length)..].Trim());
            if (Metrics.Contains(metric) && TryBound(bound, out var number))
            {
                return new Requirement(text, metric, sign, number);
            }
        }

        throw new FormatException(
            $"--require is '{text}'; allowed: METRIC>=NUMBER in quotes, like \"test_accuracy>=0.85\", with {string.Join(" ", Operators)} "
            + $"and {string.Join(", ", Metrics)}");
    }

    /// <param name="run">A run that has succeeded.</param>
    /// <param name="client">Asked for what the run does not say itself.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    public async Task<RequirementResult> CheckAsync(JsonElement run, ServiceClient client, CancellationToken cancellationToken)
    {
        var name = JsonNamingPolicy.CamelCase.ConvertName(
            string.Concat(Metric.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..])));
        var value = Metric switch
        {
            "model_bytes" => run.Text("modelId") is { } model
                ? (await client.GetAsync($"v1/models/{model}", cancellationToken)).Number("bytes")
                : null,
            "duration_seconds" => (run.Instant("finishedAt") - run.Instant("startedAt"))?.TotalSeconds,
            "train_accuracy" or "samples_per_second" =>
                (await client.GetAsync($"v1/runs/{run.Id()}/metrics?series={name}&maxPoints=4", cancellationToken)).Items(name)
                    .Select(point => point.Number("value")).LastOrDefault(),
            _ => run.Number(name),
        };
        return new RequirementResult(this, value, value is { } number && IsMetBy(number));
    }

    private bool IsMetBy(double value) => Operator switch
    {
        ">=" => value >= Bound,
        "<=" => value <= Bound,
        ">" => value > Bound,
        "<" => value < Bound,
        _ => value == Bound,
    };

    // 85% is 0.85.
    private static bool TryBound(string text, out double bound)
    {
        var isShare = text.EndsWith('%');
        var isNumber = double.TryParse(isShare ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out bound);
        bound = isShare ? bound / 100 : bound;
        return isNumber && double.IsFinite(bound);
    }

    private static string SnakeCase(string name) =>
        string.Concat(name.Select(letter => char.IsUpper(letter) ? $"_{char.ToLowerInvariant(letter)}" : $"{letter}")).Replace('-', '_');
}

/// <param name="Value">Null when the run has none.</param>
internal sealed record RequirementResult(Requirement Requirement, double? Value, bool IsMet)
{
    public string InWords()
    {
        var value = Value is { } number ? $"is {number.ToString("0.######", CultureInfo.InvariantCulture)}" : "has no value in this run";
        return Terminal.Paint(
            $"{(IsMet ? "met" : "MISSED")}: {Requirement.Metric} {value}, required {Requirement.Operator} "
            + Requirement.Bound.ToString(CultureInfo.InvariantCulture),
            IsMet ? Paint.Green : Paint.Red);
    }

    public JsonObject ToJson() => new()
    {
        ["require"] = Requirement.Text,
        ["value"] = Value,
        ["met"] = IsMet,
    };
}
