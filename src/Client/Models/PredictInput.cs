using System.Globalization;
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
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var separator = lines.Length == 0 ? ',' : new[] { '\t', ';', ',' }.First(letter => lines[0].Contains(letter) || letter == ',');
        var rows = lines.Select(line => line.Split(separator, StringSplitOptions.TrimEntries)).ToList();
        var hasHeader = rows.Count > 0 && rows[0].Any(cell => !TryNumber(cell.Trim('"'), out _));
        var dropped = drop is null || rows.Count == 0 ? -1 : Column(drop, hasHeader ? rows[0] : null, rows[0].Length);
        // A label that is a word makes the first row look like a header; a second one like it shows that it is none.
        if (hasHeader && dropped >= 0 && IsNumeric(rows[0], dropped))
        {
            hasHeader = false;
        }

        var samples = new List<float>();
        foreach (var (row, cells) in rows.Index().Skip(hasHeader ? 1 : 0))
        {
            RequireCount(row + 1, cells.Length - (dropped >= 0 ? 1 : 0), features, " (--drop COLUMN leaves one out)");
            foreach (var (column, cell) in cells.Index().Where(cell => cell.Index != dropped))
            {
                samples.Add(TryNumber(cell.Trim('"'), out var value) ? value : throw Wrong(row + 1, column + 1, cell));
            }
        }

        return samples;
    }

    private static bool IsNumeric(string[] cells, int except) =>
        cells.Index().All(cell => cell.Index == except || TryNumber(cell.Item.Trim('"'), out _));

    private static int Column(string drop, string[]? header, int count)
    {
        var named = header is null ? -1 : Array.FindIndex(header, name => name.Trim('"') == drop);
        if (named >= 0)
        {
            return named;
        }

        return int.TryParse(drop, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= count
            ? number - 1
            : throw new CliFault($"--drop is {drop}; allowed: the name of a column, or its number from 1 to {count}", ExitCode.BadInput);
    }

    private static bool TryNumber(string text, out float value) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    private static void RequireCount(int row, int count, int features, string hint)
    {
        if (count != features)
        {
            throw new CliFault($"row {row} is {count} values; allowed: {features}, the model's features{hint}", ExitCode.BadInput);
        }
    }

    private static CliFault Wrong(int row, int column, string value) =>
        new($"row {row}, column {column} is {Output.Words.Safe(Output.Words.Fit(value, 60))}; allowed: a number", ExitCode.BadInput);
}
