using System.Globalization;

namespace SparseService.Cli.Bench.Scale;

/// <summary>Points of one colour, joined.</summary>
internal sealed record PlotLine(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>A chart whose axes are both logarithmic. Beside each line a dotted one shows linear growth through its last point.</summary>
internal sealed record LogChart(string Title, string XTitle, IReadOnlyList<PlotLine> Lines)
{
    public const int Width = 460;
    public const int Height = 320;

    private const double Left = 58;
    private const double Right = Width - 20;
    private const double Top = 40;
    private const double Bottom = Height - 44;
    private const string Grid = "#e4e4e4";
    private const string Label = "#444444";

    private static readonly string[] Colors = ["#3366cc", "#dc6a1a", "#2a9d54", "#8a4fbf"];

    /// <param name="left">Where the chart begins on the canvas.</param>
    public void Draw(SvgCanvas canvas, double left)
    {
        var x = new Axis(Lines.SelectMany(line => line.Points).Select(point => point.X), left + Left, left + Right);
        var y = new Axis(Lines.SelectMany(line => line.Points).Select(point => point.Y), Bottom, Top);
        canvas.Text(left + Left, 22, Title, weight: "bold");
        canvas.Text(left + ((Left + Right) / 2), Height - 8, XTitle, anchor: "middle");
        foreach (var decade in x.Decades)
        {
            canvas.Line([(x.Place(decade), Top), (x.Place(decade), Bottom)], Grid);
            canvas.Text(x.Place(decade), Bottom + 16, Text(decade), Label, "middle");
        }

        foreach (var decade in y.Decades)
        {
            canvas.Line([(left + Left, y.Place(decade)), (left + Right, y.Place(decade))], Grid);
            canvas.Text(left + Left - 6, y.Place(decade) + 4, Text(decade), Label, "end");
        }

        foreach (var (index, line) in Lines.Index().Where(line => line.Item.Points.Count > 0))
        {
            var (first, last) = (line.Points[0], line.Points[^1]);
            var linear = Math.Clamp(y.Place(last.Y * first.X / last.X), Top, Bottom);
            canvas.Line([(x.Place(first.X), linear), (x.Place(last.X), y.Place(last.Y))], Colors[index], 1, "1 4");
            canvas.Line(line.Points.Select(point => (x.Place(point.X), y.Place(point.Y))), Colors[index], 1.8);
            foreach (var point in line.Points)
            {
                canvas.Dot(x.Place(point.X), y.Place(point.Y), Colors[index]);
            }

            // Below on the right: lines that grow leave that corner free.
            canvas.Text(left + Right - 8, Bottom - 10 - (15 * (Lines.Count - 1 - index)), line.Name, Colors[index], "end");
        }
    }

    private static string Text(double decade) => decade >= 1e5
        ? string.Create(CultureInfo.InvariantCulture, $"1e{Math.Log10(decade):0}")
        : decade.ToString("#,0.######", CultureInfo.InvariantCulture);

    /// <summary>Whole decades around the values.</summary>
    private sealed class Axis
    {
        private readonly int low;
        private readonly int high;
        private readonly double from;
        private readonly double to;

        public Axis(IEnumerable<double> values, double from, double to)
        {
            var logs = values.Select(Math.Log10).DefaultIfEmpty(0).ToList();
            low = (int)Math.Floor(logs.Min());
            high = Math.Max(low + 1, (int)Math.Ceiling(logs.Max()));
            (this.from, this.to) = (from, to);
        }

        public IEnumerable<double> Decades => Enumerable.Range(low, high - low + 1).Select(power => Math.Pow(10, power));

        public double Place(double value) => from + ((Math.Log10(value) - low) / (high - low) * (to - from));
    }
}
