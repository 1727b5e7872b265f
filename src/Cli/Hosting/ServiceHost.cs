using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SparseService.Api;
using SparseService.Persistence.Entities;

namespace SparseService.Cli.Hosting;

/// <summary>The whole service in this process: API, dashboard and, unless told otherwise, a worker.</summary>
internal sealed class ServiceHost : IAsyncDisposable
{
    private readonly WebApplication app;

    private ServiceHost(WebApplication app, string? firstKey)
    {
        this.app = app;
        FirstKey = firstKey;
    }

    /// <summary>Where it answers, as a browser on this machine would call it.</summary>
    public string Address => app.Urls.First().Replace("0.0.0.0", "127.0.0.1").Replace("[::]", "127.0.0.1");

    /// <summary>Whether only this machine can reach it.</summary>
    public bool IsLocal => app.Urls.All(url => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.IsLoopback);

    /// <summary>The first admin key, given at a database's very first start.</summary>
    public string? FirstKey { get; }

    /// <exception cref="CliFault">The address is not free.</exception>
    public static async Task<ServiceHost> StartAsync(
        Database database, DataFolder folder, string? urls, bool withWorker, LogLevel least, CancellationToken cancellationToken)
    {
        var app = SparseApi.Create([], builder =>
        {
            builder.Configuration.AddInMemoryCollection(Settings(builder.Configuration, database, folder, urls));
            builder.Configuration["Worker:InProcess"] = withWorker ? "true" : "false";
            Quiet(builder.Logging, least);
        });
        try
        {
            RequireFree(app.Configuration["Urls"] ?? SparseApi.DefaultUrl);
            var firstKey = await app.PrepareAsync(cancellationToken);
            await app.StartAsync(cancellationToken);
            return new ServiceHost(app, firstKey);
        }
        catch (Exception fault) when (fault is SocketException || fault.InnerException is SocketException or AddressInUseException)
        {
            await app.DisposeAsync();
            throw new CliFault($"{fault.Message}. Choose another address with --urls http://127.0.0.1:PORT");
        }
    }

    // Kestrel asks last, when everything else runs already and has to be torn down in front of the user.
    private static void RequireFree(string urls)
    {
        foreach (var address in urls.Split(';').Select(BindingAddress.Parse).Where(address => address.Port > 0 && !address.IsUnixPipe))
        {
            var host = address.Host is "localhost" ? IPAddress.Loopback : IPAddress.TryParse(address.Host, out var ip) ? ip : IPAddress.Any;
            try
            {
                using var listener = new TcpListener(host, address.Port);
                listener.Start();
            }
            catch (SocketException fault)
            {
                throw new SocketException(fault.ErrorCode, $"{address} cannot be answered: {fault.Message}");
            }
        }
    }

    /// <summary>What every process of the service is told here; what its environment says comes first.</summary>
    public static Dictionary<string, string?> Settings(IConfiguration environment, Database database, DataFolder folder, string? urls)
    {
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = database.ConnectionString,
            ["Worker:CachePath"] = environment["Worker:CachePath"] ?? folder.Cache,
        };
        if (urls is not null)
        {
            settings["Urls"] = urls;
        }

        return settings;
    }

    /// <summary>One line per message; the framework's own only when they matter.</summary>
    public static void Quiet(ILoggingBuilder logging, LogLevel least)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
        });
        logging.SetMinimumLevel(least);
        var framework = least > LogLevel.Warning ? least : LogLevel.Warning;
        logging.AddFilter("Microsoft", framework);
        logging.AddFilter("Npgsql", framework);
    }

    /// <summary>Signs a browser in as an administrator, once: for whoever started the service and sees its output.</summary>
    public string CreateStartUpLink() => Address + app.CreateStartUpLink(ApiRole.Admin);

    public Task<string> CreateKeyAsync(string name, ApiRole role, CancellationToken cancellationToken) =>
        app.CreateKeyAsync(name, role, cancellationToken);

    /// <summary>Until somebody stops the process; runs in progress write their checkpoints first.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
