using Spectre.Console;

namespace SparseService.Cli.Bench.Sweeps;

/// <summary>How the sweeps show a time.</summary>
internal static class SweepTable
{
    public static string Time(double seconds) => seconds switch
    {
        < 1e-3 => $"{1e6 * seconds:0.0} µs",
        < 1 => $"{1e3 * seconds:0.00} ms",
        _ => $"{seconds:0.00} s",
    };

    public static string Spread(Series time) => $"{Time(time.Fastest)} to {Time(time.Slowest)}";

    public static string Bytes(double bytes) => bytes switch
    {
        < 1e6 => $"{bytes / 1e3:0.0} kB",
        < 1e9 => $"{bytes / 1e6:0} MB",
        _ => $"{bytes / 1e9:0.00} GB",
    };

    public static Table Of(params string[] columns) => new Table().Border(TableBorder.Simple).AddColumns(columns);
}
