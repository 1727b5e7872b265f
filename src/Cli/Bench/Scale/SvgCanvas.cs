using System.Globalization;
using System.Text;

namespace SparseService.Cli.Bench.Scale;

/// <summary>Collects the few elements that a chart is made of. Coordinates grow to the right and downwards, in pixels.</summary>
internal sealed class SvgCanvas(double width, double height)
{
    private readonly StringBuilder elements = new();

    public void Text(double x, double y, string text, string color = "#222222", string anchor = "start", string weight = "normal") =>
        Add(
            "text", $"x=\"{Number(x)}\" y=\"{Number(y)}\" fill=\"{color}\" text-anchor=\"{anchor}\" font-weight=\"{weight}\"",
            System.Security.SecurityElement.Escape(text));

    /// <param name="dashes">As SVG's stroke-dasharray; null draws a whole line.</param>
    public void Line(IEnumerable<(double X, double Y)> points, string color, double strokeWidth = 1, string? dashes = null)
    {
        var places = string.Join(' ', points.Select(point => $"{Number(point.X)},{Number(point.Y)}"));
        var dashed = dashes is null ? "" : $" stroke-dasharray=\"{dashes}\"";
        Add("polyline", $"points=\"{places}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{Number(strokeWidth)}\"{dashed}");
    }

    public void Dot(double x, double y, string color) => Add("circle", $"cx=\"{Number(x)}\" cy=\"{Number(y)}\" r=\"2.6\" fill=\"{color}\"");

    public override string ToString() =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Number(width)} {Number(height)}\" font-family=\"sans-serif\" "
        + $"font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{elements}</svg>\n";

    private void Add(string name, string attributes, string? content = null) =>
        elements.Append(CultureInfo.InvariantCulture, $"<{name} {attributes}").Append(content is null ? "/>\n" : $">{content}</{name}>\n");

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
