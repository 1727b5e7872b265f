using System.Text;

namespace SparseService.Cli.Bench.Report;

/// <summary>Collects the lines of a page.</summary>
internal sealed class MarkdownPage
{
    private readonly StringBuilder text = new();

    public MarkdownPage Heading(int level, string heading) => Line($"{new string('#', level)} {heading}").Line("");

    public MarkdownPage Paragraph(params string[] sentences) => Line(string.Join('\n', sentences)).Line("");

    /// <param name="rows">Each as long as <paramref name="columns"/>.</param>
    public MarkdownPage Table(string[] columns, IEnumerable<string[]> rows)
    {
        Row(columns);
        Row([.. columns.Select(_ => "---")]);
        foreach (var row in rows)
        {
            Row(row);
        }

        return Line("");
    }

    public override string ToString() => text.ToString().TrimEnd('\n') + "\n";

    private MarkdownPage Line(string line)
    {
        text.Append(line).Append('\n');
        return this;
    }

    private void Row(string[] cells) => Line($"| {string.Join(" | ", cells)} |");
}
