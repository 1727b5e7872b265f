using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using SparseService.Persistence.Entities;
using Xunit;

namespace SparseService.Jobs.Tests;

/// <summary>What must be true of every run's history, whatever happened to its workers.</summary>
internal static class RunHistory
{
    /// <summary>Events 1, 2, 3, … and each epoch once in events, metrics and statistics.</summary>
    public static async Task AssertWholeAsync(JobsBench bench, Guid runId, int epochs, int fromEpoch = 1)
    {
        var expected = Enumerable.Range(fromEpoch, epochs - fromEpoch + 1).ToArray();
        await using var db = bench.Database.OpenContext();
        var run = await db.Runs.SingleAsync(r => r.Id == runId);
        var events = await db.RunEvents.Where(e => e.RunId == runId).OrderBy(e => e.Seq).ToListAsync();
        Assert.Equal(Enumerable.Range(1, events.Count).Select(seq => (long)seq), events.Select(e => e.Seq));
        Assert.Equal(run.LastEventSeq, events.Count);
        Assert.Equal(expected, events.Where(e => e.Kind == RunEventKind.Epoch).Select(EpochOf));
        Assert.Equal(expected, await db.RunStatistics.Where(s => s.RunId == runId).OrderBy(s => s.Epoch).Select(s => s.Epoch).ToListAsync());
        foreach (var series in (string[])["loss", "testLoss", "testAccuracy", "nnz", "density"])
        {
            var steps = await db.RunMetrics.Where(m => m.RunId == runId && m.Series == series).OrderBy(m => m.Step).Select(m => (int)m.Step).ToListAsync();
            Assert.Equal(expected, steps);
        }
    }

    /// <summary>Nobody waits for a worker that does not exist.</summary>
    public static void AssertNotStranded(TrainingRun run)
    {
        var worked = run.State is RunState.Starting or RunState.Running or RunState.Pausing or RunState.Stopping;
        Assert.Equal(worked, run.LeaseOwner is not null);
        Assert.Equal(worked, run.LeaseExpiresAt is not null);
        Assert.Equal(run.State is RunState.Succeeded or RunState.Failed or RunState.Cancelled, run.FinishedAt is not null);
    }

    private static int EpochOf(RunEvent runEvent)
    {
        using var payload = JsonDocument.Parse(runEvent.Payload);
        return payload.RootElement.GetProperty("epoch").GetInt32();
    }
}
