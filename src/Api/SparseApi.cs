using System.Reflection;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SparseService.Api.Admin;
using SparseService.Api.Checkpoints;
using SparseService.Api.Dashboard;
using SparseService.Api.Datasets;
using SparseService.Api.Health;
using SparseService.Api.Keys;
using SparseService.Api.Metrics;
using SparseService.Api.Models;
using SparseService.Api.Models.Archives;
using SparseService.Api.OpenApi;
using SparseService.Api.Runs;
using SparseService.Api.Topologies;
using SparseService.Api.Uploads;
using SparseService.Api.Workers;
using SparseService.Jobs.Hosting;
using SparseService.Persistence.Blobs;

namespace SparseService.Api;

/// <summary>The service as an application that a program builds, prepares and runs.</summary>
public static class SparseApi
{
    public const string DefaultUrl = "http://127.0.0.1:5230";

    /// <summary>Builds the application from configuration: files, environment, command line, then <paramref name="configure"/>.</summary>
    public static WebApplication Create(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = args,
            ContentRootPath = AppContext.BaseDirectory,
            ApplicationName = Assembly.GetExecutingAssembly().GetName().Name,
        });
        configure?.Invoke(builder);
        AddDefaults(builder);
        AddServices(builder.Services, builder.Configuration);
        var app = builder.Build();
        UsePipeline(app);
        MapRoutes(app);
        return app;
    }

    /// <summary>
    /// Migrates the database and, when no admin key exists, makes the first one. Call it before the application starts.
    /// </summary>
    /// <returns>The first admin key, this one time; null when there is one already.</returns>
    public static async Task<string?> PrepareAsync(this WebApplication app, CancellationToken cancellationToken = default)
    {
        await DatabaseSetup.MigrateAsync(app.Configuration.RequirePostgres(), cancellationToken);
        await using var scope = app.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<SparseDbContext>();
        return await ApiKeys.CreateFirstAdminAsync(db, scope.ServiceProvider.GetRequiredService<TimeProvider>(), cancellationToken);
    }

    /// <summary>A further key, for a program that runs beside the service on the same database (the demo's client).</summary>
    public static async Task<string> CreateKeyAsync(
        this WebApplication app, string name, ApiRole role, CancellationToken cancellationToken = default)
    {
        await using var scope = app.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<SparseDbContext>();
        var clock = scope.ServiceProvider.GetRequiredService<TimeProvider>();
        return (await ApiKeys.CreateAsync(db, name, role, clock, null, cancellationToken)).Key;
    }

    /// <summary>
    /// The path of an address that signs a browser in, once and within an hour. The token stands behind the #, which a browser keeps to
    /// itself: it is in no request line and in no log.
    /// </summary>
    public static string CreateStartUpLink(this WebApplication app, ApiRole role) =>
        "/#start=" + app.Services.GetRequiredService<StartUpLinks>().Create(role);

    private static string RequirePostgres(this IConfiguration configuration) =>
        configuration.GetConnectionString("Postgres") is { Length: > 0 } given
            ? given
            : throw new InvalidOperationException("ConnectionStrings:Postgres is missing; allowed: a Npgsql connection string.");

    private static void AddDefaults(WebApplicationBuilder builder)
    {
        if (string.IsNullOrEmpty(builder.Configuration["Urls"]))
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 << 10; // What needs more says so at its route.
        });

        // The framework's request log writes whole addresses, and the hub's may carry a key. Last rule wins, also over configuration.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Http.Connections", LogLevel.Warning);
    }

    private static void AddServices(IServiceCollection services, ConfigurationManager configuration)
    {
        services.AddOptions<ApiLimits>().Bind(configuration.GetSection("Limits")).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.ConfigureHttpJsonOptions(json => ApiJson.CopyTo(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.Configure<HostFilteringOptions>(options => options.AllowedHosts = ["*"]); // RequestOrigin does it, with problem details.
        services.AddExceptionHandler<ProblemPipeline>();
        services.AddProblemDetails();

        services.AddSparsePersistence(configuration.RequirePostgres());
        services.AddSparseJobs();
        if (configuration.GetValue("Worker:InProcess", true))
        {
            services.AddRunWorker(configuration);
        }
        else
        {
            AddDatasetCache(services, configuration);
            services.AddRunQueue(configuration);
        }

        services.AddSingleton<DatasetImports>();
        services.AddSingleton<RunSubmission>();
        services.AddSingleton<LoadedModels>();
        services.AddSingleton<NpzArchive>();
        services.AddSingleton<OnnxModel>();
        services.AddSingleton<CheckpointPromotion>();
        services.AddSingleton<LiveConnections>();
        services.AddSingleton<RunSubscriptions>();
        services.AddSingleton<RunListFeed>();
        services.AddHostedService(provider => provider.GetRequiredService<RunListFeed>());
        services.AddSignalR(options => options.MaximumReceiveMessageSize = 4096)
            .AddJsonProtocol(json => ApiJson.CopyTo(json.PayloadSerializerOptions));

        services.AddSingleton<FailedAttempts>();
        services.AddSingleton<StartUpLinks>();
        services.AddAuthentication(ApiKeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null);
        var authorization = services.AddAuthorizationBuilder();
        foreach (var role in Enum.GetNames<ApiRole>())
        {
            authorization.AddPolicy(role, policy => policy.RequireRole(role));
        }

        // Who forgets to say what a route needs gets the safe answer.
        authorization.SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        services.AddRequestRates();
        services.AddSingleton<MeterCollection>();
        services.AddApiDescription();
    }

    // Previews read datasets too; a process that trains has a cache already.
    private static void AddDatasetCache(IServiceCollection services, ConfigurationManager configuration)
    {
        services.AddOptions<WorkerOptions>().Bind(configuration.GetSection(WorkerOptions.Section))
            .ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider =>
        {
            var worker = provider.GetRequiredService<IOptions<WorkerOptions>>().Value;
            return new DatasetCache(
                provider.GetRequiredService<BlobStore>(), worker.CachePath, worker.CacheBytes, provider.GetRequiredService<TimeProvider>());
        });
    }

    private static void UsePipeline(WebApplication app)
    {
        app.Services.GetRequiredService<MeterCollection>(); // Listens from here on.
        app.UseSecurityHeaders();
        app.UseExceptionHandler();
        app.UseStatusCodePages(ProblemPipeline.WriteBareStatusAsync);
        app.UseMiddleware<RequestOrigin>();
        app.UseQueryText();
        app.UseDashboard();
        if (app.Configuration.GetValue("Swagger", IsLoopback(app.Configuration)))
        {
            app.UseApiDescription();
        }

        app.UseRouting();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
    }

    private static void MapRoutes(WebApplication app)
    {
        var limits = app.Services.GetRequiredService<IOptions<ApiLimits>>().Value;
        app.MapHealth();
        app.MapPrometheus();
        var v1 = app.MapGroup("/v1").Refuses(401, 403, 429);
        v1.MapUploads(limits);
        v1.MapDatasets();
        v1.MapTopologies(limits);
        v1.MapRuns(limits);
        v1.MapCheckpoints();
        v1.MapModels(limits);
        v1.MapKeys();
        v1.MapKeyExchange();
        v1.MapWorkers();
        v1.MapAdmin();
        app.MapRunQueue(app.Configuration, mayChange: user => user.IsInRole(nameof(ApiRole.Admin)))
            ?.Needs(ApiRole.Submitter).WithMetadata(new KeyAsPassword());
        app.MapHub<RunsHub>(RunsHub.Address).Needs(ApiRole.Viewer).WithMetadata(new KeyInQuery());
    }

    private static bool IsLoopback(IConfiguration configuration) =>
        (configuration["Urls"] ?? DefaultUrl).Split(';', StringSplitOptions.RemoveEmptyEntries)
            .All(url => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.IsLoopback);
}
