using Npgsql;
using SparseService.Cli.Machine;
using SparseService.Persistence.Local;

namespace SparseService.Cli.Hosting;

/// <summary>The Postgres that a process works with: the one it was told of, else a private one in the data folder.</summary>
internal sealed class Database : IAsyncDisposable
{
    /// <summary>The variable that names another server.</summary>
    public const string Variable = "ConnectionStrings__Postgres";

    private readonly LocalPostgres? local;

    private Database(string connectionString, LocalPostgres? local)
    {
        ConnectionString = connectionString;
        this.local = local;
    }

    public string ConnectionString { get; }

    /// <summary>For people: which server this is, without secrets.</summary>
    public string Description
    {
        get
        {
            var parts = new NpgsqlConnectionStringBuilder(ConnectionString);
            return local is null
                ? $"Postgres on {parts.Host}, database {parts.Database}"
                : $"private Postgres in {Path.GetDirectoryName(parts.Host)}";
        }
    }

    public static async Task<Database> OpenAsync(DataFolder folder, CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
        {
            await RequireAsync(given, cancellationToken);
            return new Database(given, null);
        }

        folder.Make();
        await SystemPackages.RequireAsync(
            "PostgreSQL", Programs.HasPostgres, ["postgresql"],
            $"Install PostgreSQL 15 or later (https://www.postgresql.org/download/), or set {Variable} to a server's connection string.",
            cancellationToken);
        try
        {
            var local = await LocalPostgres.StartAsync(new LocalPostgresOptions { Folder = folder.Postgres }, cancellationToken);
            return new Database(local.ConnectionString, local);
        }
        catch (Exception fault) when (fault is PostgresNotFoundException or IOException or UnauthorizedAccessException)
        {
            throw new CliFault($"{fault.Message}\nOr set {Variable} to the connection string of a server.");
        }
    }

    /// <summary>Stops the private Postgres unless another process still uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (local is not null)
        {
            NpgsqlConnection.ClearAllPools();
            if (!await IsInUseAsync(local))
            {
                await local.StopAsync();
            }
        }
    }

    // Asked here, where the message can say where the address came from.
    private static async Task RequireAsync(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
        }
        catch (ArgumentException fault)
        {
            throw new CliFault(
                $"{Variable} is not a connection string: {fault.Message} Allowed: Host=…;Username=…;Password=…;Database=…",
                ExitCode.BadInput);
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            // The migration makes the database.
        }
        catch (NpgsqlException fault)
        {
            throw new CliFault($"The Postgres of {Variable} does not answer: {fault.Message}", ExitCode.Unreachable);
        }
    }

    private static async Task<bool> IsInUseAsync(LocalPostgres local)
    {
        try
        {
            await using var connection = new NpgsqlConnection(local.SuperuserConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()", connection);
            return (long)(await command.ExecuteScalarAsync())! > 0;
        }
        catch (NpgsqlException)
        {
            // Stopped already: nobody uses it.
            return true;
        }
    }
}
