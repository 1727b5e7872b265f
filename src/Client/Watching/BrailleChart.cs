using System.Text;

namespace SparseService.Client.Watching;

/// <summary>A curve of a chart.</summary>
/// <param name="Color">Name that Spectre.Console knows.</param>
/// <param name="Points">In the order of x.</param>
internal sealed record Curve(string Name, string Color, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Curves drawn with braille characters: two dots by four in each cell.</summary>
internal sealed class BrailleChart
{
    private const int DotsAcross = 2;
    private const int DotsDown = 4;
    private const char Blank = '\u2800';

    // Dots of a cell by row and column, as Unicode numbers them.
    private static readonly int[,] Dots = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    private readonly int[,] cells;
    private readonly string?[,] colors;

    private BrailleChart(int width, int height)
    {
        cells = new int[height, width];
        colors = new string?[height, width];
    }

    /// <summary>Lines of markup, each as many columns wide as asked for.</summary>
    /// <param name="curves">Later ones are drawn over earlier ones.</param>
    /// <param name="width">Columns with the labels of the axis.</param>
    /// <param name="height">Lines without the one for x.</param>
    /// <param name="label">Writes a value of y.</param>
    public static IReadOnlyList<string> Draw(IReadOnlyList<Curve> curves, int width, int height, Func<double, string> label)
    {
        var points = curves.SelectMany(curve => curve.Points).Where(point => double.IsFinite(point.Y)).ToList();
        if (points.Count == 0)
        {
            return [.. Enumerable.Repeat(new string(' ', width), height + 1)];
        }

        var (bottom, top) = (points.Min(point => point.Y), points.Max(point => point.Y));
        var (left, right) = (points.Min(point => point.X), points.Max(point => point.X));
        var (topText, bottomText) = (label(top), label(bottom));
        var labelWidth = Math.Max(topText.Length, bottomText.Length);
        var chart = new BrailleChart(Math.Max(4, width - labelWidth - 2), height);
        foreach (var curve in curves)
        {
            chart.Add(curve, left, right, bottom, top);
        }

        var lines = new List<string>();
        for (var row = 0; row < height; row++)
        {
            var text = row == 0 ? topText : row == height - 1 ? bottomText : "";
            lines.Add($"[dim]{text.PadLeft(labelWidth)} {(text.Length > 0 ? '┤' : '│')}[/]{chart.Row(row)}");
        }

        var (first, last) = ($"{left:0}", $"{right:0}");
        var gap = Math.Max(1, width - labelWidth - 2 - first.Length - last.Length);
        last = right > left ? last : new string(' ', last.Length);
        lines.Add($"[dim]{new string(' ', labelWidth + 2)}{first}{new string(' ', gap)}{last}[/]");
        return lines;
    }

    private void Add(Curve curve, double left, double right, double bottom, double top)
    {
        var (across, down) = (cells.GetLength(1) * DotsAcross, cells.GetLength(0) * DotsDown);
        (int X, int Y)? before = null;
        foreach (var (x, y) in curve.Points.Where(point => double.IsFinite(point.Y)))
        {
            var here = (
                X: right > left ? (int)Math.Round((x - left) / (right - left) * (across - 1)) : 0,
                Y: top > bottom ? (int)Math.Round((top - y) / (top - bottom) * (down - 1)) : down / 2);
            Line(before ?? here, here, curve.Color);
            before = here;
        }
    }

    private void Line((int X, int Y) from, (int X, int Y) to, string color)
    {
        var steps = Math.Max(1, Math.Max(Math.Abs(to.X - from.X), Math.Abs(to.Y - from.Y)));
        for (var step = 0; step <= steps; step++)
        {
            var x = from.X + (int)Math.Round((to.X - from.X) * (double)step / steps);
            var y = from.Y + (int)Math.Round((to.Y - from.Y) * (double)step / steps);
            cells[y / DotsDown, x / DotsAcross] |= Dots[y % DotsDown, x % DotsAcross];
            colors[y / DotsDown, x / DotsAcross] = color;
        }
    }

    private string Row(int row)
    {
        var text = new StringBuilder();
        string? open = null;
        for (var column = 0; column < cells.GetLength(1); column++)
        {
            if (colors[row, column] != open)
            {
                text.Append(open is null ? "" : "[/]");
                open = colors[row, column];
                text.Append(open is null ? "" : $"[{open}]");
            }

            text.Append((char)(Blank + cells[row, column]));
        }

        return text.Append(open is null ? "" : "[/]").ToString();
    }
}
