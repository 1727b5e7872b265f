using System.Globalization;

namespace SparseService.Cli.Tests;

/// <summary>
/// A shell starts its background jobs with SIGINT ignored, and programs hand that on to those that they start: a child would never hear of
/// the signal that a test sends.
/// </summary>
internal static class Signals
{
    private const int Interrupt = 2;

    /// <summary>Words before a command that let it hear SIGINT again; none where it does anyway.</summary>
    public static string[] Undo { get; } = IsInterruptIgnored() ? ["env", "--default-signal=INT"] : [];

    // A mask in hexadecimal; bit n-1 is signal n.
    private static bool IsInterruptIgnored() =>
        OperatingSystem.IsLinux()
        && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } line
        && (ulong.Parse(line["SigIgn:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (Interrupt - 1) & 1) == 1;
}
