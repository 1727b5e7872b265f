using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Commands;

/// <summary>What a command does in each state: the table of docs/decisions/0010-lease-and-fencing.md.</summary>
public static class RunTransitions
{
    /// <returns>The next state; the same state when the command asks for what is already so; null when it is not allowed.</returns>
    public static RunState? Next(RunCommand command, RunState state, bool hasCheckpoint) => command switch
    {
        RunCommand.Cancel => state switch
        {
            RunState.Queued or RunState.Paused => RunState.Cancelled,
            RunState.Starting or RunState.Running or RunState.Pausing => RunState.Stopping,
            RunState.Stopping or RunState.Cancelled => state,
            _ => null,
        },
        RunCommand.Pause => state switch
        {
            RunState.Queued => RunState.Paused,
            RunState.Starting or RunState.Running => RunState.Pausing,
            RunState.Pausing or RunState.Paused => state,
            _ => null,
        },
        RunCommand.Resume => state switch
        {
            RunState.Paused => RunState.Queued,
            RunState.Failed or RunState.Cancelled when hasCheckpoint => RunState.Queued,
            RunState.Queued or RunState.Starting or RunState.Running => state,
            _ => null,
        },
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "allowed: Cancel, Pause, Resume"),
    };

    /// <summary>The commands that would change something now.</summary>
    public static IReadOnlyList<RunCommand> Allowed(RunState state, bool hasCheckpoint) =>
        [.. Enum.GetValues<RunCommand>().Where(command => Next(command, state, hasCheckpoint) is { } next && next != state)];
}
