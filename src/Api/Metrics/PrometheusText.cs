using System.Globalization;
using System.Text;

namespace SparseService.Api.Metrics;

/// <summary>Prometheus' text format, version 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Name(string name, string? unit, MeterKind kind)
    {
        var text = new StringBuilder();
        foreach (var character in name)
        {
            text.Append(char.IsAsciiLetterOrDigit(character) || character == ':' ? character : '_');
        }

        var plain = char.IsAsciiDigit(text[0]) ? "_" + text : text.ToString();
        plain = WithSuffix(plain, unit switch { "s" => "_seconds", "By" => "_bytes", "%" => "_percent", _ => "" });
        return kind == MeterKind.Counter ? WithSuffix(plain, "_total") : plain;
    }

    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return "";
        }

        var pairs = new List<string>(tags.Length);
        foreach (var (key, value) in tags)
        {
            pairs.Add($"{LabelName(key)}=\"{Escape(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")}\"");
        }

        pairs.Sort(StringComparer.Ordinal);
        return string.Join(',', pairs.DistinctBy(pair => pair[..pair.IndexOf('=')]));
    }

    public static void Write(StringBuilder text, MeterFamily family)
    {
        var series = family.Series.ToList();
        if (series.Count == 0)
        {
            return;
        }

        Header(text, family.Name, family.Help, family.Kind.ToString().ToLowerInvariant());
        foreach (var one in series)
        {
            var (sum, count, buckets) = one.Read();
            if (family.Kind != MeterKind.Histogram)
            {
                Sample(text, family.Name, one.Labels, sum);
                continue;
            }

            var upTo = 0L;
            for (var i = 0; i < buckets.Length; i++)
            {
                upTo += buckets[i];
                var bound = i < family.Bounds!.Length ? Number(family.Bounds[i]) : "+Inf";
                Sample(text, family.Name + "_bucket", Joined(one.Labels, $"le=\"{bound}\""), upTo);
            }

            Sample(text, family.Name + "_sum", one.Labels, sum);
            Sample(text, family.Name + "_count", one.Labels, count);
        }
    }

    public static void Header(StringBuilder text, string name, string help, string kind) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');

    public static void Sample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Joined(string labels, string label) => labels.Length == 0 ? label : labels + "," + label;

    private static string Number(double value) =>
        double.IsPositiveInfinity(value)
            ? "+Inf"
            : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string WithSuffix(string name, string suffix) =>
        name.EndsWith(suffix, StringComparison.Ordinal) ? name : name + suffix;

    private static string LabelName(string key)
    {
        var name = string.Concat(key.Select(character => char.IsAsciiLetterOrDigit(character) ? character : '_'));
        return name.Length == 0 || char.IsAsciiDigit(name[0]) ? "_" + name : name;
    }

    private static string Escape(string value) => value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
}
