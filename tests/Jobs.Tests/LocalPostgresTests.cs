using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Xunit;

namespace SparseService.Jobs.Tests;

public class LocalPostgresTests
{
    private const string Host = "SparseService.Worker.TestHost.dll";

    [Fact]
    public async Task Start_TwoProcessesAtOnceThenAThird_AllFindOneServer()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"sparse-local-{Guid.NewGuid():N}");
        var host = Path.Combine(AppContext.BaseDirectory, Host);
        try
        {
            var both = await Task.WhenAll(StartAsync([], host, folder), StartAsync([], host, folder));

            Assert.Equal(both[0], both[1]);
            var startedAt = await StartTimeAsync(both[0]);
            Assert.Equal(both[0], await StartAsync([], host, folder));
            Assert.Equal(startedAt, await StartTimeAsync(both[0]));
        }
        finally
        {
            await StartAsync([], host, folder, "--LocalPostgres:Stop=true");
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public async Task Start_AsAnOrdinaryUser_TheClusterIsThatUsers()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            Assert.Skip("Only root can become another user; the other tests here run as an ordinary one");
        }

        var user = $"sparse-test-{Guid.NewGuid().ToString("N")[..8]}";
        var home = Path.Combine(Path.GetTempPath(), user);
        Assert.Equal(0, (await RunAsync(["useradd", "--create-home", "--home-dir", home, user])).Status);
        try
        {
            // The user may not be allowed to walk to our own folder.
            var programs = Path.Combine(home, "programs");
            Assert.Equal(0, (await RunAsync(["cp", "-r", AppContext.BaseDirectory, programs])).Status);
            Assert.Equal(0, (await RunAsync(["chmod", "-R", "a+rX", programs])).Status);
            string[] asUser = ["runuser", "-u", user, "--", "env", "-u", "XDG_RUNTIME_DIR", "HOME=" + home];
            var folder = Path.Combine(home, "postgres");
            var host = Path.Combine(programs, Host);

            var connectionString = await StartAsync(asUser, host, folder);

            Assert.Equal(user, (await RunAsync(["stat", "-c", "%U", Path.Combine(folder, "cluster", "data", "PG_VERSION")])).Output);
            Assert.Equal("600", (await RunAsync(["stat", "-c", "%a", Path.Combine(folder, "sparse.password")])).Output);
            var startedAt = await StartTimeAsync(connectionString);
            Assert.Equal(connectionString, await StartAsync(asUser, host, folder));
            Assert.Equal(startedAt, await StartTimeAsync(connectionString));
            await StartAsync(asUser, host, folder, "--LocalPostgres:Stop=true");
        }
        finally
        {
            await RunAsync(["pkill", "-QUIT", "-u", user, "postgres"]);
            await RunAsync(["userdel", "--force", "--remove", user]);
        }
    }

    /// <returns>The connection string that the process found.</returns>
    private static async Task<string> StartAsync(string[] prefix, string host, string folder, params string[] more)
    {
        var (status, output) = await RunAsync([.. prefix, "dotnet", host, "--LocalPostgres:Folder=" + folder, .. more]);
        Assert.True(status == 0, output);
        return output;
    }

    private static async Task<DateTime> StartTimeAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_postmaster_start_time()", connection);
        return Convert.ToDateTime(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    private static async Task<(int Status, string Output)> RunAsync(string[] line)
    {
        var start = new ProcessStartInfo(line[0], line.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = (await process.StandardOutput.ReadToEndAsync()).Trim();
        await process.WaitForExitAsync();
        return (process.ExitCode, process.ExitCode == 0 ? output : output + await errors);
    }
}
