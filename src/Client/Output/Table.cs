namespace SparseService.Client.Output;

/// <summary>Columns of text without lines between them, as pipes and eyes like them.</summary>
/// <param name="columns">Headings; one that begins with <c>&gt;</c> aligns to the right.</param>
internal sealed class Table(params string[] columns)
{
    private readonly List<string[]> rows = [[.. columns.Select(Heading)]];
    private readonly List<Paint> paints = [Paint.Dim];

    // A name that is not a word of ours stays as it is.
    private static string Heading(string column)
    {
        var text = column.TrimStart('>');
        return text.Any(char.IsUpper) ? text : text.ToUpperInvariant();
    }

    public void Add(params string[] cells) => Add(Paint.None, cells);

    /// <param name="paint">Of the whole row.</param>
    public void Add(Paint paint, params string[] cells)
    {
        rows.Add(cells);
        paints.Add(paint);
    }

    public void Write()
    {
        var widths = Enumerable.Range(0, columns.Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var (row, paint) in rows.Zip(paints))
        {
            var cells = row.Select((cell, column) =>
                columns[column].StartsWith('>') ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            var line = string.Join("  ", cells).TrimEnd();
            Console.WriteLine(Terminal.Paint(Terminal.IsLive ? Words.Fit(line, Math.Max(20, Console.WindowWidth)) : line, paint));
        }
    }
}

/// <summary>Names and values, one pair a line.</summary>
internal sealed class Facts
{
    private readonly List<(string Name, string Value)> facts = [];

    /// <summary>Nothing is said about what has no value.</summary>
    public void Add(string name, string? value)
    {
        if (value is { Length: > 0 } and not "-")
        {
            facts.Add((name, Words.Safe(value)));
        }
    }

    public void Write()
    {
        var width = facts.Count == 0 ? 0 : facts.Max(fact => fact.Name.Length);
        foreach (var (name, value) in facts)
        {
            Console.WriteLine($"{Terminal.Paint(name.PadRight(width), Paint.Dim)}  {value}");
        }
    }
}
