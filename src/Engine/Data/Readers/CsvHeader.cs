using System.Globalization;

namespace SparseService.Engine.Data.Readers;

/// <summary>What the first line of a CSV file says: its delimiter, its columns, and which of them is the label.</summary>
internal sealed record CsvHeader(byte Delimiter, int Columns, int Label, IReadOnlyList<string> Names)
{
    private static readonly HashSet<string> MissingMarks =
        new(["", "?", "-", "NA", "N/A", "null", "none"], StringComparer.OrdinalIgnoreCase);

    public bool HasNames => Names.Count > 0;

    public IReadOnlyList<string> FeatureNames => [.. Names.Where((_, column) => column != Label)];

    /// <summary>Reads the first record of a part. It is a header when a feature's field in it is text.</summary>
    /// <exception cref="DatasetFormatException">Unknown label column, duplicate names, fewer than two columns.</exception>
    public static CsvHeader Read(ReadOnlySpan<byte> line, TextLines lines, string? labelColumn, DatasetLimits limits)
    {
        var delimiter = CsvRecord.DelimiterOf(line);
        var record = new CsvRecord(delimiter, limits.Features + 1);
        record.Split(line, lines);
        var columns = record.Count;
        if (columns < 2)
        {
            throw new DatasetFormatException(
                $"{lines.Role} columns", $"{columns}", "at least 2, separated by commas, tabs or semicolons", lines.Row);
        }

        var texts = new string[columns];
        for (var column = 0; column < columns; column++)
        {
            texts[column] = record.Text(line, column);
        }

        var label = LabelIndex(texts, labelColumn, lines.Role, out var isName);
        var isHeader = isName;
        for (var column = 0; column < columns && !isHeader; column++)
        {
            isHeader = column != label && IsText(record.Field(line, column));
        }

        return new CsvHeader(delimiter, columns, label, isHeader ? Unique(texts, lines.Role) : []);
    }

    public string NameOf(int column) => HasNames ? $"column '{Names[column]}'" : $"column {column + 1}";

    /// <exception cref="DatasetFormatException">The test part has other columns than the training part.</exception>
    public void RequireSame(CsvHeader train, string role)
    {
        if (Columns != train.Columns)
        {
            throw new DatasetFormatException($"{role} columns", $"{Columns}", $"{train.Columns}, as in train");
        }

        for (var column = 0; HasNames && train.HasNames && column < Columns; column++)
        {
            if (Names[column] != train.Names[column])
            {
                throw new DatasetFormatException(
                    $"{role} column {column + 1}", $"'{Names[column]}'", $"'{train.Names[column]}', as in train");
            }
        }
    }

    // A value that is missing in the first row must not make names of that row: it is data, and refused as such.
    private static bool IsText(ReadOnlySpan<byte> field) =>
        !double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
        && !MissingMarks.Contains(System.Text.Encoding.UTF8.GetString(field));

    private static int LabelIndex(string[] texts, string? labelColumn, string role, out bool isName)
    {
        isName = false;
        if (labelColumn is null)
        {
            return texts.Length - 1;
        }

        var index = Array.IndexOf(texts, labelColumn);
        if (int.TryParse(labelColumn, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number >= 1 && number <= texts.Length
                ? number - 1
                : throw new DatasetFormatException("labelColumn", labelColumn, $"1 to {texts.Length}, or a column's name");
        }

        isName = index >= 0;
        return isName
            ? index
            : throw new DatasetFormatException(
                "labelColumn",
                labelColumn,
                $"a column of the {role} file's first line ({string.Join(", ", texts.Take(10))}{(texts.Length > 10 ? " …" : "")})");
    }

    private static string[] Unique(string[] names, string role)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var column = 0; column < names.Length; column++)
        {
            // Exports often leave the index column without a name.
            names[column] = names[column].Length == 0 ? $"column {column + 1}" : names[column];
            if (!seen.Add(names[column]))
            {
                throw new DatasetFormatException(
                    $"{role} column {column + 1}", $"'{names[column]}', a second time", "column names that differ", 1);
            }
        }

        return names;
    }
}
