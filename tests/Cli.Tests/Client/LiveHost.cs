using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using SparseService.Api;
using SparseService.Cli.Tests.Client;
using SparseService.Persistence.Entities;
using SparseService.Shared;

[assembly: AssemblyFixture(typeof(SharedHost))]

namespace SparseService.Cli.Tests.Client;

/// <summary>The service that all tests of this assembly share; its Postgres goes with it.</summary>
public sealed class SharedHost : IAsyncLifetime
{
    public LiveHost Host { get; } = new();

    public ValueTask InitializeAsync() => Host.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await ThrowAwayPostgres.RemoveAllAsync();
    }
}

/// <summary>The real service with a worker of four slots, on a port and a database of its own.</summary>
public sealed class LiveHost : IAsyncDisposable
{
    private TestDatabase? database;
    private WebApplication? app;

    public string Address { get; } = $"http://127.0.0.1:{FreePort()}";

    /// <summary>Of role admin.</summary>
    public string Key { get; private set; } = "";

    public Task<string> CreateKeyAsync(ApiRole role) => app!.CreateKeyAsync($"a {role}", role);

    /// <summary>As the service prints it when it starts.</summary>
    public string CreateStartUpLink() => Address + app!.CreateStartUpLink(ApiRole.Admin);

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

        if (database is not null)
        {
            await database.DisposeAsync();
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
