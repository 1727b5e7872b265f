using System.CommandLine;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SparseService.Cli.Hosting;
using SparseService.Jobs.Hosting;
using SparseService.Persistence;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse worker</c>: trains queued runs of a service that answers elsewhere.</summary>
internal sealed class WorkerVerb : Verb
{
    private readonly Option<string?> dataDir = Text("--data-dir", "DIR", "The data folder of a service on this machine (.sparse).");

    public WorkerVerb()
        : base(
            "worker", "Trains queued runs; as many workers as you like work on one database.",
            "./sparse worker",
            $"{Database.Variable}='Host=db;Username=sparse;Password=…;Database=sparse' ./sparse worker",
            "Worker__Slots=2 Worker__Threads=4 ./sparse worker")
    {
        Options.Add(dataDir);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var folder = DataFolder.At(arguments.GetValue(dataDir));
        await using var database = await Database.OpenAsync(folder, cancellationToken);
        await DatabaseSetup.MigrateAsync(database.ConnectionString, cancellationToken);

        // The host watches its content root for changed settings: not the folder that the user happens to stand in, which may be "/".
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(ServiceHost.Settings(builder.Configuration, database, folder, urls: null));
        ServiceHost.Quiet(builder.Logging, LogLevel.Information);
        builder.Services.AddSparsePersistence(database.ConnectionString).AddRunWorker(builder.Configuration);
        using var host = builder.Build();
        Console.WriteLine($"Worker of {database.Description}. Ctrl-C stops it; runs in progress go on elsewhere or at the next start.");
        await host.StartAsync(cancellationToken);
        await host.WaitForShutdownAsync(cancellationToken);
        return ExitCode.Done;
    }
}
