using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Npgsql;
using SparseService.Persistence;
using SparseService.Persistence.Local;

namespace SparseService.Shared;

/// <summary>
/// One Postgres cluster per test process, made on first use and gone with <see cref="ThrowAwayPostgresFixture"/>; each test takes
/// a database of its own from it.
/// </summary>
public sealed class ThrowAwayPostgres
{
    private const string FolderPrefix = "sparse-tests-";
    private const string Template = "template_sparse";

    private static readonly Lazy<Task<ThrowAwayPostgres>> OfThisProcess = new(StartAsync);

    private static readonly ConcurrentDictionary<ThrowAwayPostgres, bool> Running = new();

    private readonly string folder;
    private int databases;

    private ThrowAwayPostgres(LocalPostgres server, string folder)
    {
        Server = server;
        this.folder = folder;
    }

    public LocalPostgres Server { get; }

    /// <summary>The cluster of this test process.</summary>
    public static Task<ThrowAwayPostgres> GetAsync() => OfThisProcess.Value;

    /// <summary>A fresh cluster in a temporary folder, for tests that stop and start their server.</summary>
    public static async Task<ThrowAwayPostgres> StartAsync()
    {
        var temp = Path.GetTempPath();
        await RemoveAbandonedAsync(temp);
        var folder = Path.Combine(temp, $"{FolderPrefix}{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..6]}");
        var server = await LocalPostgres.StartAsync(new LocalPostgresOptions { Folder = folder, Durable = false });
        var postgres = new ThrowAwayPostgres(server, folder);
        Running[postgres] = true;
        await postgres.ExecuteAsync($"CREATE DATABASE {Template} OWNER sparse");
        await DatabaseSetup.MigrateAsync(postgres.ConnectionStringOf(Template) + ";Pooling=false");
        return postgres;
    }

    /// <summary>Starts the server again after <see cref="LocalPostgres.StopAsync"/>, at the same address.</summary>
    public async Task RestartAsync() => await LocalPostgres.StartAsync(new LocalPostgresOptions { Folder = folder, Durable = false });

    /// <summary>A new, migrated database.</summary>
    public Task<TestDatabase> CreateDatabaseAsync() => CreateDatabaseAsync(Template);

    /// <summary>A new database without any table.</summary>
    public Task<TestDatabase> CreateEmptyDatabaseAsync() => CreateDatabaseAsync("template1");

    /// <summary>Stops and deletes the clusters of this process; what it leaves behind, the next test process removes.</summary>
    public static Task RemoveAllAsync() => Task.WhenAll(Running.Keys.Select(postgres => postgres.RemoveAsync()));

    internal async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Server.SuperuserConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync();
    }

    // A test process that was killed leaves its cluster running.
    private static async Task RemoveAbandonedAsync(string temp)
    {
        foreach (var path in Directory.EnumerateDirectories(temp, FolderPrefix + "*"))
        {
            var parts = Path.GetFileName(path)[FolderPrefix.Length..].Split('-');
            if (!int.TryParse(parts[0], CultureInfo.InvariantCulture, out var owner) || IsAlive(owner)
                || !File.Exists(Path.Combine(path, "port")))
            {
                continue;
            }

            var server = await LocalPostgres.StartAsync(new LocalPostgresOptions { Folder = path, Durable = false });
            await new ThrowAwayPostgres(server, path).RemoveAsync();
        }
    }

    private static bool IsAlive(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private async Task<TestDatabase> CreateDatabaseAsync(string template)
    {
        var name = $"t{Interlocked.Increment(ref databases)}";
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {template} OWNER sparse");
        return new TestDatabase(this, name, ConnectionStringOf(name));
    }

    private string ConnectionStringOf(string database) =>
        new NpgsqlConnectionStringBuilder(Server.ConnectionString) { Database = database, MaxPoolSize = 30 }.ConnectionString;

    private async Task RemoveAsync()
    {
        if (Directory.Exists(folder))
        {
            await Server.StopAsync();
            Directory.Delete(folder, true);
        }
    }
}
