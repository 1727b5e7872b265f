using Npgsql;
using SparseService.Persistence;

namespace SparseService.Shared;

/// <summary>A database for one test; dropped at its end.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly ThrowAwayPostgres postgres;
    private readonly string name;

    internal TestDatabase(ThrowAwayPostgres postgres, string name, string connectionString)
    {
        this.postgres = postgres;
        this.name = name;
        ConnectionString = connectionString;
        DataSource = NpgsqlDataSource.Create(connectionString);
    }

    public string ConnectionString { get; }

    public NpgsqlDataSource DataSource { get; }

    public SparseDbContext OpenContext() => new(DatabaseSetup.Options(ConnectionString));

    public async Task<int> ExecuteAsync(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        return await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await postgres.ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    }
}
