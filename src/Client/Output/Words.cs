using System.Globalization;

namespace SparseService.Client.Output;

/// <summary>Numbers, times and texts for people.</summary>
internal static class Words
{
    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB"];

    /// <summary>The part of an id that tells rows apart which were not made in the same millisecond.</summary>
    public static string ShortId(Guid id) => id.ToString()[..13];

    /// <summary>A text from elsewhere without characters that could steer a terminal.</summary>
    public static string Safe(string text) =>
        string.Concat(text.Select(letter => char.IsControl(letter) || letter is '\u202e' or '\u2066' or '\u2067' ? '\u00b7' : letter));

    public static string Share(double? share) => share is { } value ? value.ToString("0.00 %", CultureInfo.InvariantCulture) : "-";

    public static string Number(double? number) => number switch
    {
        null => "-",
        0 => "0",
        { } value when Math.Abs(value) is >= 1e5 or < 1e-3 => value.ToString("0.000e+0", CultureInfo.InvariantCulture),
        { } value => value.ToString("0.####", CultureInfo.InvariantCulture),
    };

    public static string Count(double? number) => number is { } value ? value.ToString("N0", CultureInfo.InvariantCulture) : "-";

    public static string Bytes(double? bytes)
    {
        if (bytes is not { } value)
        {
            return "-";
        }

        var unit = 0;
        while (value >= 1000 && unit < Units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return $"{(unit == 0 ? $"{value:0}" : value.ToString("0.0", CultureInfo.InvariantCulture))} {Units[unit]}";
    }

    public static string Duration(double? seconds) => seconds switch
    {
        null => "-",
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
        < 3600 => $"{(int)(seconds.Value / 60)} min {(int)(seconds.Value % 60):00} s",
        _ => $"{(int)(seconds.Value / 3600)} h {(int)(seconds.Value / 60) % 60:00} min",
    };

    /// <summary>In the user's own time.</summary>
    public static string Instant(DateTimeOffset? instant) =>
        instant?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "-";

    /// <summary>At most so many columns.</summary>
    public static string Fit(string text, int columns) =>
        text.Length <= columns ? text : columns <= 1 ? "…" : text[..(columns - 1)] + "…";
}
