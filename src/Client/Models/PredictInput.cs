using System.Text.Json;
using SparseService.Client.Connection;

namespace SparseService.Client.Models;

/// <summary>Rows of features from CSV or JSON.</summary>
internal static class PredictInput
{
    /// <param name="path">A file; <c>-</c> is standard input.</param>
    /// <param name="drop">A CSV column to leave out: its name, or its number from 1.</param>
    /// <param name="features">How many values each row must have.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The values, row after row.</returns>
    /// <exception cref="CliFault">Names row, column and value.</exception>
    public static async Task<float[]> ReadAsync(string path, string? drop, int features, CancellationToken cancellationToken)
    {
        string text;
        try
        {
            text = path == "-" ? await Console.In.ReadToEndAsync(cancellationToken) : await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliFault($"FILE is {path}, which cannot be read: {fault.Message}", ExitCode.BadInput);
        }

        var isJson = text.AsSpan().TrimStart() is ['[' or '{', ..];
        var samples = isJson ? Json(text, features) : Csv(text, drop, features);
        return samples.Count > 0
            ? [.. samples]
            : throw new CliFault($"FILE is {path}, which has no rows; allowed: at least one", ExitCode.BadInput);
    }

    private static List<float> Json(string text, int features)
    {
        JsonElement document;
        try
        {
            document = JsonElement.Parse(text);
        }
        catch (JsonException fault)
        {
            throw new CliFault($"FILE is no JSON: {fault.Message}", ExitCode.BadInput);
        }

        var rows = document.ValueKind == JsonValueKind.Array ? document : document.Find("rows") ?? default;
        if (rows.ValueKind != JsonValueKind.Array)
        {
            throw new CliFault("FILE is a JSON object without rows; allowed: [[…], …] or {\"rows\": [[…], …]}", ExitCode.BadInput);
        }

        // One row need not stand in a list of rows.
        var list = rows.EnumerateArray().Any(row => row.ValueKind == JsonValueKind.Number) ? [rows] : rows.EnumerateArray().ToList();
        var samples = new List<float>();
        foreach (var (row, values) in list.Index())
        {
            var count = values.ValueKind == JsonValueKind.Array ? values.GetArrayLength() : 0;
            RequireCount(row + 1, count, features, hint: "");
            foreach (var (column, value) in values.EnumerateArray().Index())
            {
                samples.Add(value.ValueKind == JsonValueKind.Number
                    ? value.GetSingle()
                    : throw Wrong(row + 1, column + 1, value.GetRawText()));
            }
        }

        return samples;
    }

    private static List<float> Csv(string text, string? drop, int features)
    {
        var rows = new CsvRow(drop, features);
        var (samples, row) = (new List<float>(), new float[features]);
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (rows.TryRead(line, row))
            {
                samples.AddRange(row);
            }
        }

        return samples;
    }

    public static void RequireCount(long row, int count, int features, string hint)
    {
        if (count != features)
        {
            throw new CliFault($"row {row} is {count} values; allowed: {features}, the model's features{hint}", ExitCode.BadInput);
        }
    }

    public static CliFault Wrong(long row, int column, string value) =>
        new($"row {row}, column {column} is {Output.Words.Safe(Output.Words.Fit(value, 60))}; allowed: a number", ExitCode.BadInput);
}
