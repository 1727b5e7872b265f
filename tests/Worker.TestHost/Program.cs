// A worker process and nothing else, for tests that kill one.
// Configuration comes from the command line: --ConnectionStrings:Postgres=… --Worker:…=…
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using SparseService.Jobs.Hosting;
using SparseService.Persistence;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddSparsePersistence(builder.Configuration.GetConnectionString("Postgres")!);
builder.Services.AddSparseWorker(builder.Configuration);
await builder.Build().RunAsync();
