namespace SparseService.Jobs.Events;

/// <summary>Names of the NOTIFY channels; docs/events.md says what travels on them. Each is a doorbell only: losing one delays, and loses nothing.</summary>
internal static class Channels
{
    /// <summary>A run may be claimed.</summary>
    public const string RunsQueued = "runs_queued";

    /// <summary>Payload = run id: somebody asked a leased run to pause or stop.</summary>
    public const string RunCommands = "run_commands";

    /// <summary>Payload = run id:sequence number.</summary>
    public const string RunEvents = "run_events";

    /// <summary>Payload = JSON of a <see cref="StepUpdate"/>.</summary>
    public const string RunSteps = "run_steps";
}
