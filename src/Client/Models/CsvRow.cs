using System.Globalization;

namespace SparseService.Client.Models;

/// <summary>Reads CSV line by line; the first one tells what separates the cells and whether it holds names.</summary>
/// <param name="drop">A column to leave out: its name, or its number from 1.</param>
/// <param name="features">How many values a row must have.</param>
internal sealed class CsvRow(string? drop, int features)
{
    private char separator = ',';
    private int dropped = -1;
    private long line;

    /// <param name="text">Neither empty nor with spaces around.</param>
    /// <param name="row">Overwritten.</param>
    /// <returns>False for the line of names.</returns>
    /// <exception cref="CliFault">Names row, column and value.</exception>
    public bool TryRead(string text, Span<float> row)
    {
        if (line++ == 0 && IsHeader(text))
        {
            return false;
        }

        var (column, count) = (0, 0);
        foreach (var range in text.AsSpan().Split(separator))
        {
            var cell = text.AsSpan()[range].Trim();
            if (column++ == dropped)
            {
                continue;
            }

            if (!TryNumber(cell.Trim('"'), out var value))
            {
                throw PredictInput.Wrong(line, column, cell.ToString());
            }

            if (count < row.Length)
            {
                row[count] = value;
            }

            count++;
        }

        PredictInput.RequireCount(line, count, features, " (--drop COLUMN leaves one out)");
        return true;
    }

    private bool IsHeader(string text)
    {
        separator = new[] { '\t', ';', ',' }.First(letter => text.Contains(letter) || letter == ',');
        var cells = text.Split(separator, StringSplitOptions.TrimEntries);
        var hasHeader = cells.Any(cell => !TryNumber(cell.Trim('"'), out _));
        dropped = drop is null ? -1 : Column(drop, hasHeader ? cells : null, cells.Length);

        // A label that is a word makes the first row look like a header; a second one like it shows that it is none.
        return hasHeader && !(dropped >= 0 && cells.Index().All(cell => cell.Index == dropped || TryNumber(cell.Item.Trim('"'), out _)));
    }

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

    private static bool TryNumber(ReadOnlySpan<char> text, out float value) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && float.IsFinite(value);
}
