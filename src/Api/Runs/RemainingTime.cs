using System.Text.Json;
using SparseService.Jobs.Events;

namespace SparseService.Api.Runs;

/// <summary>How long a run will still take: what its newest epoch's event says, less the time since.</summary>
internal static class RemainingTime
{
    public static async Task<double?> EstimateAsync(
        TrainingRun run, SparseDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (run.State != RunState.Running || run.EpochsDone == 0)
        {
            return null;
        }

        var newest = await db.RunEvents.AsNoTracking().Where(row => row.RunId == run.Id && row.Kind == RunEventKind.Epoch)
            .OrderByDescending(row => row.Seq).FirstOrDefaultAsync(cancellationToken);
        var secondsLeft = newest is null
            ? null
            : JsonSerializer.Deserialize<EpochPayload>(newest.Payload, Engine.Training.RunSpecJson.Options)?.SecondsLeft;
        return secondsLeft is null ? null : Math.Max(0, secondsLeft.Value - (clock.GetUtcNow() - newest!.At).TotalSeconds);
    }
}
