using Spectre.Console;

namespace SparseService.Client.Output;

/// <summary>What the other end of standard output can show.</summary>
internal static class Terminal
{
    /// <summary>A person at a terminal that can redraw.</summary>
    public static bool IsLive { get; } = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Ansi;

    /// <summary>Colours are for terminals, and not for those who set NO_COLOR (no-color.org).</summary>
    public static bool HasColors { get; } = IsLive && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>For progress, which does not belong to the output.</summary>
    public static bool ErrorsAreLive { get; } = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";

    public static string Paint(string text, Paint paint) =>
        HasColors && paint != Output.Paint.None ? $"\u001b[{(int)paint}m{text}\u001b[0m" : text;

    /// <summary>A state in the colour that it has everywhere.</summary>
    public static Paint OfState(string? state) => state switch
    {
        "succeeded" => Output.Paint.Green,
        "failed" => Output.Paint.Red,
        "cancelled" or "stopping" => Output.Paint.Yellow,
        "running" or "starting" => Output.Paint.Cyan,
        _ => Output.Paint.None,
    };
}

/// <summary>SGR codes.</summary>
internal enum Paint
{
    None = 0,
    Bold = 1,
    Dim = 2,
    Red = 31,
    Green = 32,
    Yellow = 33,
    Magenta = 35,
    Cyan = 36,
}
