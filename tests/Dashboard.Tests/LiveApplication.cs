using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using SparseService.Api;
using SparseService.Persistence.Entities;
using SparseService.Shared;
using Xunit;

[assembly: AssemblyFixture(typeof(ThrowAwayPostgresFixture))]

namespace SparseService.Dashboard.Tests;

/// <summary>The real service with a worker, on a port and a database of its own; it can be restarted at the same address.</summary>
internal sealed class LiveApplication : IAsyncDisposable
{
    private readonly TestDatabase database;
    private readonly int port;
    private readonly (string Name, string Value)[] settings;
    private WebApplication? app;

    private LiveApplication(TestDatabase database, int port, (string Name, string Value)[] settings)
    {
        this.database = database;
        this.port = port;
        this.settings = settings;
    }

    public string Address => $"http://127.0.0.1:{port}";

    public string Key { get; private set; } = "";

    /// <summary>For rows that no test can wait for.</summary>
    public TestDatabase Database => database;

    /// <param name="settings">Of the service, where a test needs others than the usual ones.</param>
    public static async Task<LiveApplication> StartAsync(params (string Name, string Value)[] settings)
    {
        var database = await (await ThrowAwayPostgres.GetAsync()).CreateDatabaseAsync();
        var service = new LiveApplication(database, FreePort(), settings);
        service.Key = await service.StartAppAsync() ?? throw new InvalidOperationException("A new database had an admin key already.");
        return service;
    }

    /// <summary>What the service prints when it starts, for the browser of whoever started it.</summary>
    public string CreateStartUpLink() => Address + app!.CreateStartUpLink(ApiRole.Admin);

    /// <summary>Opens the page as one who has signed in in this tab before.</summary>
    /// <param name="route">Which page: <c>#/runs</c> …</param>
    public async Task SignInAsync(IPage page, string route = "#/runs")
    {
        await page.GotoAsync($"{Address}/dashboard/");
        await page.EvaluateAsync(
            "([key, route]) => { sessionStorage.setItem('sparse.key', key); location.hash = route; }", new[] { Key, route });
        await page.ReloadAsync();
    }

    public Task<string> CreateKeyAsync(string name, string role) =>
        app!.CreateKeyAsync(name, Enum.Parse<ApiRole>(role, ignoreCase: true));

    public async Task RestartAsync()
    {
        await StopAppAsync();
        await StartAppAsync();
    }

    public async Task<Guid> SubmitAsync(string spec)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        using var body = new StringContent(spec, new MediaTypeHeaderValue("application/json"));
        using var answer = await client.PostAsync($"{Address}/v1/runs", body);
        var run = await answer.Content.ReadFromJsonAsync<JsonNode>();
        Assert.True(answer.IsSuccessStatusCode, run?.ToJsonString());
        return (Guid)run!["id"]!;
    }

    public async Task DeleteAsync(Guid run)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        using var answer = await client.DeleteAsync($"{Address}/v1/runs/{run}", TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, answer.ToString());
    }

    /// <summary>Returns when a run has succeeded.</summary>
    public async Task WaitAsync(Guid run)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        // The stream ends with the run.
        await client.GetStringAsync($"{Address}/v1/runs/{run}/events/stream", TestContext.Current.CancellationToken);
        var row = await client.GetFromJsonAsync<JsonNode>($"{Address}/v1/runs/{run}", TestContext.Current.CancellationToken);
        Assert.True((string?)row!["state"] == "succeeded", row.ToJsonString());
    }

    public async ValueTask DisposeAsync()
    {
        await StopAppAsync();
        await database.DisposeAsync();
    }

    private async Task<string?> StartAppAsync()
    {
        app = SparseApi.Create([], builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["ConnectionStrings:Postgres"] = database.ConnectionString,
                ["Urls"] = Address,
                ["Worker:CachePath"] = Path.Combine(AppContext.BaseDirectory, "datasets"),
            });
            builder.Configuration.AddInMemoryCollection(
                settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value)));
            builder.Logging.ClearProviders();
        });
        var key = await app.PrepareAsync();
        await app.StartAsync();
        return key;
    }

    private async Task StopAppAsync()
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
            app = null;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
