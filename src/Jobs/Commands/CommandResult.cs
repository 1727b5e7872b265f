using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Commands;

public enum CommandOutcome
{
    Done,

    /// <summary>The run was already so.</summary>
    Unchanged,

    /// <summary>The state forbids it; <see cref="CommandResult.Message"/> says what is allowed.</summary>
    NotAllowed,

    NotFound,
}

/// <param name="State">After the command.</param>
/// <param name="Allowed">Commands that would change something now.</param>
public sealed record CommandResult(CommandOutcome Outcome, RunState State, IReadOnlyList<RunCommand> Allowed, string Message);
