using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using SparseService.Persistence;
using SparseService.Persistence.Blobs;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Training;

/// <summary>Finds the newest checkpoint of a run whose bytes are whole.</summary>
internal sealed class CheckpointReader(IDbContextFactory<SparseDbContext> databases, BlobStore blobs, ILogger logger)
{
    /// <returns>A verified copy, or null when the run has none and starts afresh.</returns>
    public async Task<Stream?> OpenNewestAsync(Guid runId, string spoolFolder, CancellationToken cancellationToken)
    {
        List<Checkpoint> checkpoints;
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            checkpoints = await db.Checkpoints.AsNoTracking().Where(c => c.RunId == runId)
                .OrderByDescending(c => c.Step).ThenByDescending(c => c.CreatedAt).ToListAsync(cancellationToken);
        }

        foreach (var checkpoint in checkpoints)
        {
            var copy = SpoolFile.Create(spoolFolder);
            try
            {
                await using var stored = await blobs.OpenAsync(checkpoint.BlobHash, cancellationToken);
                await stored.CopyToAsync(copy, cancellationToken);
                copy.Position = 0;
                return copy;
            }
            catch (InvalidDataException fault)
            {
                // Older ones give the same result, later: what is recorded already is not recorded twice.
                logger.LogError("Run {Run}: checkpoint {Checkpoint} cannot be used: {Fault}", runId, checkpoint.Id, fault.Message);
                await copy.DisposeAsync();
            }
            catch
            {
                await copy.DisposeAsync();
                throw;
            }
        }

        return null;
    }
}
