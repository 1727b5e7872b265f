using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using SparseService.Api;
using SparseService.Cli.Tests.Client;
using SparseService.Persistence.Entities;
using SparseService.Shared;

[assembly: AssemblyFixture(typeof(LiveHost))]

namespace SparseService.Cli.Tests.Client;

/// <summary>The real service with two workers' worth of slots, on a port and a database of its own; one for all tests of this
/// assembly.</summary>
public sealed class LiveHost : IAsyncLifetime
{
    private TestDatabase? database;
    private WebApplication? app;

    public string Address { get; } = $"http://127.0.0.1:{FreePort()}";

    /// <summary>Of role admin.</summary>
    public string Key { get; private set; } = "";

    public ValueTask InitializeAsync() => StartAsync();

    public Task<string> CreateKeyAsync(ApiRole role) => app!.CreateKeyAsync($"a {role}", role);

    /// <summary>Stops the service; its runs go on at the next start.</summary>
    public async Task StopAsync()
    {
        await app!.StopAsync();
        await app.DisposeAsync();
        app = null;
    }

    /// <summary>Starts it again, at the same address.</summary>
    public async ValueTask StartAsync()
    {
        database ??= await (await ThrowAwayPostgres.GetAsync()).CreateDatabaseAsync();
        app = SparseApi.Create([], builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["ConnectionStrings:Postgres"] = database.ConnectionString,
                ["Urls"] = Address,
                ["Worker:Slots"] = "4",
                ["Worker:Threads"] = "1",
                ["Worker:CachePath"] = Path.Combine(AppContext.BaseDirectory, "datasets"),
                ["Limits:PartBytes"] = "4096",
            });
            builder.Logging.ClearProviders();
        });
        Key = await app.PrepareAsync() ?? Key;
        await app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await StopAsync();
        }

        // Its database goes with the cluster.
        await ThrowAwayPostgres.RemoveAllAsync();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
