namespace SparseService.Client;

/// <summary>Ends the program with a message for its user, without a stack trace.</summary>
internal sealed class CliFault(string message, int exitCode = ExitCode.Failed) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
