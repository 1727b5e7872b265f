using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SparseService.Api;
using SparseService.Persistence;
using SparseService.Persistence.Blobs;
using SparseService.Persistence.Entities;
using SparseService.Shared;

[assembly: AssemblyFixture(typeof(SparseService.Api.Tests.ServiceFixture))]

namespace SparseService.Api.Tests;

/// <summary>The whole service on a free port, against a Postgres of its own; one for all tests.</summary>
public sealed class ServiceFixture : IAsyncLifetime
{
    private readonly string cache = Path.Combine(Path.GetTempPath(), $"sparse-api-tests-{Guid.NewGuid():N}");
    private WebApplication? app;
    private TestDatabase? database;

    public Uri Address { get; private set; } = null!;

    /// <summary>Everything that was logged, down to the finest level.</summary>
    public LogCollection Logs { get; } = new();

    /// <summary>Configuration: what tests need small or wide.</summary>
    public Dictionary<string, string?> Settings { get; } = new()
    {
        ["Urls"] = "http://127.0.0.1:0",
        ["Worker:Slots"] = "2",
        ["Worker:Threads"] = "1",
        ["Limits:PartBytes"] = "65536",
        ["Limits:UploadBytes"] = "1000000",
        ["Limits:ExpandedBytes"] = "4000000",
        ["Limits:OpenUploads"] = "1000",
        ["Limits:PredictOutputs"] = "1000",
        ["Limits:RequestsPerSecond"] = "100000",
        ["Limits:RequestBurst"] = "100000",
        ["Limits:FailedAttemptsPerMinute"] = "100000",
    };

    /// <summary>True for the one of all tests, which finds a dataset.</summary>
    public bool IsShared { get; init; } = true;

    /// <summary>Another node: this one works on its database and trains nothing.</summary>
    public ServiceFixture? Beside { get; init; }

    public string AdminKey { get; private set; } = "";

    public string SubmitterKey { get; private set; } = "";

    public string ViewerKey { get; private set; } = "";

    public HttpClient Admin => ClientWith(AdminKey);

    public HttpClient Submitter => ClientWith(SubmitterKey);

    public HttpClient Viewer => ClientWith(ViewerKey);

    public HttpClient Anonymous => new() { BaseAddress = Address };

    public async ValueTask InitializeAsync()
    {
        if (Beside is null)
        {
            database = await (await ThrowAwayPostgres.GetAsync()).CreateEmptyDatabaseAsync();
        }
        else
        {
            Settings["Worker:InProcess"] = "false";
        }

        app = SparseApi.Create([], builder =>
        {
            Settings["Worker:CachePath"] = cache;
            Settings["ConnectionStrings:Postgres"] = (database ?? Beside!.database!).ConnectionString;
            builder.Configuration.AddInMemoryCollection(Settings);
            builder.Logging.ClearProviders();
            builder.Logging.SetMinimumLevel(LogLevel.Trace);
            builder.Logging.AddProvider(Logs);
        });
        AdminKey = await app.PrepareAsync() ?? Beside?.AdminKey ?? throw new InvalidOperationException("The database was not empty.");
        SubmitterKey = await app.CreateKeyAsync("a submitter", ApiRole.Submitter);
        ViewerKey = await app.CreateKeyAsync("a viewer", ApiRole.Viewer);
        await app.StartAsync();
        Address = new Uri(app.Urls.Single());
        if (IsShared)
        {
            await Admin.GlyphsAsync("tiny glyphs");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        if (database is not null)
        {
            await database.DisposeAsync();
        }

        if (Directory.Exists(cache))
        {
            Directory.Delete(cache, recursive: true);
        }

        if (IsShared)
        {
            await ThrowAwayPostgres.RemoveAllAsync();
        }
    }

    public BlobStore Blobs => app!.Services.GetRequiredService<BlobStore>();

    public Task<string?> PrepareAgainAsync() => app!.PrepareAsync();

    public Task<string> CreateKeyAsync(string name, ApiRole role) => app!.CreateKeyAsync(name, role);

    public string CreateStartUpLink() => app!.CreateStartUpLink(ApiRole.Admin);

    public HttpClient ClientWith(string key)
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    public async Task<T> InDatabaseAsync<T>(Func<SparseDbContext, Task<T>> query)
    {
        await using var scope = app!.Services.CreateAsyncScope();
        return await query(scope.ServiceProvider.GetRequiredService<SparseDbContext>());
    }
}
