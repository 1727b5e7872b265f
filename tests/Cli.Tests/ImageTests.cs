using System.Net.Http.Headers;
using System.Text.Json;
using Npgsql;
using SparseService.Jobs.Hosting;
using SparseService.Shared;

namespace SparseService.Cli.Tests;

/// <summary>
/// No container engine is needed: the image's own commands run here, and what they publish is started as the image would.
/// </summary>
public class ImageTests
{
    // The image's user, who has no entry in /etc/passwd here: all the better.
    private const string User = "1654";

    [Fact]
    public async Task Compose_WithPassword_IsValid()
    {
        var (program, before) = ("docker-compose", Array.Empty<string>());
        if (Find(program) is null)
        {
            (program, before) = ("docker", ["compose"]);
            Assert.SkipUnless(
                Find(program) is not null && (await Started.RunAsync(program, [.. before, "version"], SourceCopy.Origin)).ExitCode == 0,
                "Neither docker compose nor docker-compose is installed (Debian: apt-get install docker-compose)");
        }

        var variables = new Dictionary<string, string?> { ["POSTGRES_PASSWORD"] = "secret" };
        var config = await Started.RunAsync(program, [.. before, "config"], SourceCopy.Origin, variables);

        Assert.True(config.ExitCode == 0, config.Output);
        Assert.All(["api:", "worker-1:", "worker-2:", "postgres:"], name => Assert.Contains(name, config.Output, StringComparison.Ordinal));
        Assert.Contains("Password=secret", config.Output, StringComparison.Ordinal);
    }

    [Fact, Trait("Size", "Long")]
    public async Task Publish_AsTheImageDoes_ServesAndWorksAsAnotherUser()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The image is a Linux one.");
        Assert.SkipWhen(
            Find("npm") is null, "npm is not installed: the image's first stage cannot run (Debian: apt-get install nodejs npm)");
        Assert.SkipUnless(
            RunQueues.Kinds.Contains(RunQueues.Hangfire), "The image has all optional parts, and Hangfire's packages do not restore here.");
        using var sources = new SourceCopy();
        var published = sources["published"];
        foreach (var (folder, command) in Commands("dashboard", "src/Dashboard").Concat(Commands("build", ".")))
        {
            var run = await Started.RunAsync(
                "sh", ["-c", command.Replace("/published", $"'{published}'")], Path.Combine(sources.Root, folder));
            Assert.True(run.ExitCode == 0, $"{command} ended with {run.ExitCode}:\n{run.Output}");
        }

        Assert.True(File.Exists(Path.Combine(published, "wwwroot", "dashboard", "index.html")));
        var empty = Directory.CreateDirectory(sources["empty"]).FullName;
        sources.Open();
        var postgres = await ThrowAwayPostgres.GetAsync();
        await using var database = await postgres.CreateEmptyDatabaseAsync();
        await using var api = Start(published, empty, database, "serve", "--no-worker", "--urls", "http://127.0.0.1:0");
        var address = (await api.HearAsync("SparseService answers at ")).Split(';')[0];
        var key = await api.HearAsync("Admin key, shown this one time: ");
        await using var worker = Start(published, empty, database, "worker");
        await worker.HearAsync("Worker of ");

        Assert.Equal(0, (await EndedAsync(Start(published, empty, database, "health", address))).ExitCode);
        Assert.Equal(0, (await EndedAsync(Start(published, empty, database, "health", "--database"))).ExitCode);
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        Assert.Contains("<html", await http.GetStringAsync("/dashboard/", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        Assert.NotEmpty(await WorkersAsync(http));
    }

    // The worker reports itself a moment after it starts.
    private static async Task<List<JsonElement>> WorkersAsync(HttpClient http)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var document = JsonDocument.Parse(await http.GetStringAsync("/v1/workers", TestContext.Current.CancellationToken));
            var workers = document.RootElement.GetProperty("items").EnumerateArray().Select(worker => worker.Clone()).ToList();
            if (workers.Count > 0 || attempt == 100)
            {
                return workers;
            }

            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }

    // What a stage of deploy/Dockerfile runs, beside the folder that it runs in.
    private static IEnumerable<(string Folder, string Command)> Commands(string stage, string folder) =>
        File.ReadLines(Path.Combine(SourceCopy.Origin, "deploy", "Dockerfile"))
            .SkipWhile(line => !line.EndsWith($" AS {stage}", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => !line.StartsWith("FROM ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("RUN ", StringComparison.Ordinal))
            .Select(line => (folder, line["RUN ".Length..]));

    private static Started Start(string published, string folder, TestDatabase database, params string[] arguments)
    {
        string[] command = [Path.Combine(published, "sparse"), .. arguments];
        if (Environment.IsPrivilegedProcess)
        {
            command = ["setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups", "--", .. command];
        }

        // Not by the socket file, which another user cannot reach.
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1" };
        var variables = new Dictionary<string, string?>
        {
            ["ConnectionStrings__Postgres"] = connection.ConnectionString,
            ["DOTNET_ROOT"] = Path.GetDirectoryName(SparseProcess.Dotnet()),
            ["DOTNET_EnableDiagnostics"] = "0",
            ["HOME"] = "/nonexistent",
            ["TMPDIR"] = null,
        };
        return Started.Start(command[0], command[1..], folder, variables);
    }

    private static async Task<Started> EndedAsync(Started started)
    {
        await started.EndAsync();
        return started;
    }

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
