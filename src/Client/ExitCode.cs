namespace SparseService.Client;

/// <summary>What the process tells its caller; the table of <c>docs/cli.md</c>.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>It was tried and did not succeed: the run, the training, a test.</summary>
    public const int Failed = 1;

    /// <summary>The run was cancelled.</summary>
    public const int Cancelled = 2;

    /// <summary><c>--timeout</c> is over; the run goes on.</summary>
    public const int TimedOut = 3;

    /// <summary>The run succeeded and does not meet a <c>--require</c>.</summary>
    public const int RequirementMissed = 4;

    /// <summary>Wrong usage, spec or data: the same call fails again.</summary>
    public const int BadInput = 5;

    /// <summary>The service does not answer, or not to this key.</summary>
    public const int Unreachable = 6;

    /// <summary>128 + SIGINT, as shells count.</summary>
    public const int Interrupted = 130;

    /// <summary>For the help of every verb that ends with one of them.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> Table { get; } =
    [
        (Done, "succeeded"),
        (Failed, "failed"),
        (Cancelled, "the run was cancelled"),
        (TimedOut, "timed out; the run goes on"),
        (RequirementMissed, "the run succeeded and misses a requirement"),
        (BadInput, "bad usage or input"),
        (Unreachable, "the service is not reachable, or does not allow it"),
        (Interrupted, "interrupted (Ctrl-C); a run of the service goes on"),
    ];
}
