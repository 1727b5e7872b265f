using Microsoft.EntityFrameworkCore;
using SparseService.Persistence;
using SparseService.Shared;
using Xunit;

namespace SparseService.Jobs.Tests;

public class PersistenceTests
{
    [Fact]
    public async Task Migrations_Model_AreInStep()
    {
        await using var database = await (await ThrowAwayPostgres.GetAsync()).CreateDatabaseAsync();
        await using var db = database.OpenContext();

        Assert.False(db.Database.HasPendingModelChanges(), "The model changed without a migration; see tools/Migrations/README.md");
        Assert.Empty(await db.Database.GetPendingMigrationsAsync());
    }

    [Fact]
    public async Task Migrate_SixProcessesAtOnce_AllFindTheSchema()
    {
        await using var database = await (await ThrowAwayPostgres.GetAsync()).CreateEmptyDatabaseAsync();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => DatabaseSetup.MigrateAsync(database.ConnectionString)));

        Assert.Equal(0L, await database.ScalarAsync<long>("SELECT count(*) FROM runs"));
        Assert.Equal(0L, await database.ScalarAsync<long>(
            """
            SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
            WHERE locktype = 'advisory' AND datname = current_database()
            """));
    }
}
