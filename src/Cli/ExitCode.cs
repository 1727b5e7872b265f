namespace SparseService.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    public const int Failed = 1;

    /// <summary>Wrong usage, spec or data: the same call fails again.</summary>
    public const int BadInput = 5;

    /// <summary>128 + SIGINT, as shells count.</summary>
    public const int Interrupted = 130;
}
