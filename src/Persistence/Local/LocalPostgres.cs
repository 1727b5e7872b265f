using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace SparseService.Persistence.Local;

/// <summary>
/// A private Postgres for a single machine: a cluster in a folder, started on demand, reached over loopback or a socket file, by password only
/// (other local users exist). It goes on running when this process ends, and is found again by the next one.
/// </summary>
public sealed class LocalPostgres
{
    private const string Role = "sparse";
    private const string Superuser = "postgres";

    private readonly PostgresBinaries binaries;
    private readonly string folder;
    private readonly bool durable;

    private LocalPostgres(PostgresBinaries binaries, string folder, bool durable)
    {
        this.binaries = binaries;
        this.folder = folder;
        this.durable = durable;
    }

    /// <summary>For the service: a role without privileges that owns its database and nothing else.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>For tests that make databases of their own, and for repairs.</summary>
    public string SuperuserConnectionString { get; private set; } = "";

    private string Cluster => Path.Combine(folder, "cluster");

    private string Data => Path.Combine(Cluster, "data");

    private string Log => Path.Combine(Cluster, "server.log");

    /// <summary>Finds the cluster of the folder running, or starts it, or makes it. Safe to call from several processes at once.</summary>
    /// <exception cref="PostgresNotFoundException">No server is installed, or none that this user may run.</exception>
    public static async Task<LocalPostgres> StartAsync(LocalPostgresOptions options, CancellationToken cancellationToken = default)
    {
        var binaries = PostgresBinaries.Find();
        var folder = await UsableFolderAsync(binaries, Path.GetFullPath(options.Folder), cancellationToken);
        var server = new LocalPostgres(binaries, folder, options.Durable);
        using var guard = await FileLock.TakeAsync(Path.Combine(folder, "lock"), cancellationToken);
        if (!File.Exists(Path.Combine(server.Data, "PG_VERSION")))
        {
            await server.InitializeAsync(cancellationToken);
        }

        if (!await server.IsRunningAsync(cancellationToken))
        {
            await server.StartServerAsync(cancellationToken);
        }

        await server.CreateRoleAndDatabaseAsync(cancellationToken);
        return server;
    }

    /// <summary>Stops the server; sessions end at once, committed work is kept.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        using var guard = await FileLock.TakeAsync(Path.Combine(folder, "lock"), cancellationToken);
        var (status, output) = await binaries.RunAsync("pg_ctl", ["-D", Data, "-m", "fast", "-w", "-t", "60", "stop"], cancellationToken);
        if (status != 0 && File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            throw new IOException($"The local Postgres in {folder} did not stop: {output}");
        }
    }

    // Root hands the cluster to user postgres, who may not be able to walk to it (/root is closed): then it lives in the system's place for such data.
    private static async Task<string> UsableFolderAsync(PostgresBinaries binaries, string folder, CancellationToken cancellationToken)
    {
        MakeFolder(folder, binaries.Owner is null);
        if (await binaries.CanEnterAsync(folder, cancellationToken))
        {
            return folder;
        }

        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder)))[..16];
        var elsewhere = $"/var/lib/sparse-service/{name}";
        MakeFolder(elsewhere, false);
        return await binaries.CanEnterAsync(elsewhere, cancellationToken)
            ? elsewhere
            : throw new IOException($"User {binaries.Owner} can enter neither {folder} nor {elsewhere}; choose a folder whose parents all users may enter");
    }

    private static void MakeFolder(string path, bool onlyOwner)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(path, onlyOwner ? Owner : Owner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        MakeFolder(Cluster, true);
        await binaries.GiveAsync(Cluster, cancellationToken);
        var password = NewPassword(Superuser);
        NewPassword(Role);
        var passwordFile = Path.Combine(Cluster, "initdb.password");
        WriteSecret(passwordFile, password);
        await binaries.GiveAsync(passwordFile, cancellationToken);

        // Made beside and renamed: a cluster that is there is whole.
        var fresh = Path.Combine(Cluster, "fresh");
        DeleteFolder(fresh);
        var (status, output) = await binaries.RunAsync(
            "initdb",
            ["-D", fresh, "-U", Superuser, "--auth=scram-sha-256", "--pwfile=" + passwordFile, "-E", "UTF8",
                "--locale=" + (OperatingSystem.IsLinux() ? "C.UTF-8" : "C"), .. durable ? Array.Empty<string>() : ["--no-sync"]],
            cancellationToken);
        File.Delete(passwordFile);
        if (status != 0)
        {
            throw new IOException($"initdb failed in {folder}: {output}");
        }

        await File.AppendAllTextAsync(
            Path.Combine(fresh, "postgresql.conf"),
            "\nlisten_addresses = '127.0.0.1'\nmax_connections = 200\nwal_compression = on\nmax_wal_size = 4GB\n",
            cancellationToken);
        Directory.Move(fresh, Data);
    }

    private async Task<bool> IsRunningAsync(CancellationToken cancellationToken)
    {
        var pidFile = Path.Combine(Data, "postmaster.pid");
        if (!File.Exists(pidFile) || (await binaries.RunAsync("pg_ctl", ["-D", Data, "status"], cancellationToken)).Status != 0)
        {
            return false;
        }

        var lines = await File.ReadAllLinesAsync(pidFile, cancellationToken);
        if (lines.Length < 5)
        {
            return false;
        }

        // After a crash of the machine the number may belong to another process, and Postgres would then refuse to start.
        var program = $"/proc/{lines[0].Trim()}/comm";
        if (File.Exists(program) && !(await File.ReadAllTextAsync(program, cancellationToken)).StartsWith("postgres", StringComparison.Ordinal))
        {
            File.Delete(pidFile);
            return false;
        }

        Address(lines[4].Trim(), int.Parse(lines[3], CultureInfo.InvariantCulture));
        return true;
    }

    private async Task StartServerAsync(CancellationToken cancellationToken)
    {
        var unsafeSettings = durable ? "" : " -c fsync=off -c synchronous_commit=off -c full_page_writes=off";
        var output = "";
        for (var attempt = 0; attempt < 3; attempt++)
        {
            // The port of last time first, so that clients of before find the server again after a restart.
            var port = attempt == 0 && LastPort() is { } last && IsFree(last) ? last : FreePort();
            // A socket's path has at most 107 bytes.
            var socket = OperatingSystem.IsWindows() || Encoding.UTF8.GetByteCount(Cluster) > 85 ? "" : Cluster;
            (var status, output) = await binaries.RunAsync(
                "pg_ctl",
                ["-D", Data, "-s", "-w", "-t", "60", "-l", Log, "-o", $"-p {port} -c unix_socket_directories='{socket}'{unsafeSettings}", "start"],
                cancellationToken);
            if (status == 0)
            {
                await File.WriteAllTextAsync(Path.Combine(folder, "port"), port.ToString(CultureInfo.InvariantCulture), cancellationToken);
                Address(socket, port);
                return;
            }
        }

        var log = File.Exists(Log) ? string.Join('\n', File.ReadLines(Log).TakeLast(5)) : "";
        throw new IOException($"The local Postgres in {folder} did not start: {output}\n{log}");
    }

    private void Address(string socket, int port)
    {
        var common = new NpgsqlConnectionStringBuilder { Host = socket.Length > 0 ? socket : "127.0.0.1", Port = port, IncludeErrorDetail = true };
        SuperuserConnectionString = new NpgsqlConnectionStringBuilder(common.ConnectionString)
        {
            Username = Superuser,
            Password = File.ReadAllText(SecretPath(Superuser)),
            Database = "postgres",
            Pooling = false,
        }.ConnectionString;
        ConnectionString = new NpgsqlConnectionStringBuilder(common.ConnectionString)
        {
            Username = Role,
            Password = File.ReadAllText(SecretPath(Role)),
            Database = Role,
        }.ConnectionString;
    }

    private async Task CreateRoleAndDatabaseAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(SuperuserConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM pg_database WHERE datname = '{Role}'";
        if ((long)(await command.ExecuteScalarAsync(cancellationToken))! == 1)
        {
            return;
        }

        // The password is our own hexadecimal text: nothing in it needs quoting, and CREATE ROLE takes no parameters.
        command.CommandText = $"""
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{Role}') THEN
                    CREATE ROLE {Role} LOGIN PASSWORD '{await File.ReadAllTextAsync(SecretPath(Role), cancellationToken)}';
                END IF;
            END $$
            """;
        await command.ExecuteNonQueryAsync(cancellationToken);
        command.CommandText = $"CREATE DATABASE {Role} OWNER {Role}";
        await command.ExecuteNonQueryAsync(cancellationToken);
        command.CommandText = $"REVOKE ALL ON DATABASE {Role} FROM PUBLIC";
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private string SecretPath(string role) => Path.Combine(folder, role + ".password");

    private string NewPassword(string role)
    {
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        WriteSecret(SecretPath(role), password);
        return password;
    }

    private static void WriteSecret(string path, string text)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(path, options);
        writer.Write(text);
    }

    private static void DeleteFolder(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, true);
        }
    }

    private int? LastPort() =>
        File.Exists(Path.Combine(folder, "port")) && int.TryParse(File.ReadAllText(Path.Combine(folder, "port")), CultureInfo.InvariantCulture, out var port)
            ? port
            : null;

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
