// A process for tests that kill one or need another user's: a worker and nothing else, a rank of its training (rank FOLDER), or
// (--LocalPostgres:Folder=…) one start or stop of a local Postgres. Configuration comes from the command line.
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Jobs.Hosting;
using SparseService.Persistence;
using SparseService.Persistence.Local;

if (args is [RankProcess.Verb, ..])
{
    return RankProcess.Run(args[1..]);
}

var settings = new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory };
var builder = Host.CreateApplicationBuilder(settings);
if (builder.Configuration["LocalPostgres:Folder"] is { } folder)
{
    var server = await LocalPostgres.StartAsync(new LocalPostgresOptions { Folder = folder, Durable = false });
    Console.WriteLine(server.ConnectionString);
    if (builder.Configuration.GetValue<bool>("LocalPostgres:Stop"))
    {
        await server.StopAsync();
    }

    return 0;
}

builder.Services.AddSparsePersistence(builder.Configuration.GetConnectionString("Postgres")!);
builder.Services.AddRunWorker(builder.Configuration);
await builder.Build().RunAsync();
return 0;
