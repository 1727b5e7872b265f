using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace SparseService.Persistence;

/// <summary>Brings the database to the schema of this build.</summary>
public static class DatabaseSetup
{
    // Any number that nothing else in this database uses as an advisory lock.
    private const long MigrationLock = 0x5350_4152_5345_0001;

    /// <summary>Applies what is missing. Several processes may call this at once: one migrates, the others wait and find nothing to do.</summary>
    public static async Task MigrateAsync(string connectionString, CancellationToken cancellationToken = default)
    {
        await using var guard = new NpgsqlConnection(connectionString);
        await guard.OpenAsync(cancellationToken);
        await using (var command = new NpgsqlCommand($"SELECT pg_advisory_lock({MigrationLock})", guard) { CommandTimeout = 0 })
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        try
        {
            await using var db = new SparseDbContext(Options(connectionString));
            await db.Database.MigrateAsync(cancellationToken);
        }
        finally
        {
            // A pooled connection keeps its session, and with it the lock, when it is closed.
            await using var command = new NpgsqlCommand($"SELECT pg_advisory_unlock({MigrationLock})", guard);
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    public static DbContextOptions<SparseDbContext> Options(string connectionString) =>
        new DbContextOptionsBuilder<SparseDbContext>().UseNpgsql(connectionString).Options;
}
