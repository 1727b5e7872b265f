using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SparseService.Api;
using SparseService.Cli.Demo;
using SparseService.Cli.Hosting;
using SparseService.Cli.Machine;
using SparseService.Cli.Training;
using SparseService.Client.Connection;
using SparseService.Persistence.Entities;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse demo</c>: the whole way from files to predictions, through the service, in about a minute.</summary>
internal sealed class DemoVerb : Verb
{
    private const string KeyFile = "demo.key";

    private readonly Argument<string> name = new("DATASET")
    {
        Description = "glyphs, madelon (both drawn here), fashion-mnist or mnist (both need --data).",
        DefaultValueFactory = _ => "glyphs",
    };

    private readonly Option<string?> data = Text("--data", "DIR", "Files to upload in place of drawn ones.");
    private readonly Option<int?> epochs = Number("--epochs", 1, "Epochs to train.");
    private readonly Option<string?> dataDir = Text("--data-dir", "DIR", "Where the private Postgres and the caches live (.sparse).");
    private readonly Option<bool> keep = Flag("--keep", "Keep the service running at the end, until Ctrl-C.");

    public DemoVerb()
        : base(
            "demo", "Starts the service, uploads data, trains, shows the progress and predicts.",
            "./sparse demo",
            "./sparse demo --keep",
            "./sparse demo madelon",
            "./sparse demo fashion-mnist --data DIR --epochs 10")
    {
        AllowOnly(name, [.. DemoPlan.All.Select(plan => plan.Name)]);
        Arguments.Add(name);
        Options.Add(data);
        Options.Add(epochs);
        Options.Add(dataDir);
        Options.Add(keep);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var root = Checkout.Require("demo");
        var plan = DemoPlan.Find(arguments.GetRequiredValue(name));
        DemoDatasets.Require(plan, arguments.GetValue(data));

        await DashboardBuild.EnsureAsync(cancellationToken);
        var folder = DataFolder.At(arguments.GetValue(dataDir));
        await using var database = await Database.OpenAsync(folder, cancellationToken);
        await using var service = await ServiceHost.StartAsync(
            database, folder, FreeAddress(), withWorker: true, LogLevel.Error, cancellationToken);

        var key = await KeyAsync(service, folder, cancellationToken);
        Console.WriteLine($"Service     {service.Address}; {database.Description}");
        Console.WriteLine($"Dashboard   {service.CreateStartUpLink()}   (signs you in, once)");
        if (service.FirstKey is not null)
        {
            Console.WriteLine($"Admin key   {service.FirstKey}   (shown once; ./sparse serve --new-key makes another)");
        }

        using var client = new ServiceClient(new Credentials(service.Address, key));
        var dataset = await new DemoDatasets(client, folder).RequireAsync(plan, arguments.GetValue(data), cancellationToken);
        var spec = Path.Combine(root, "deploy", "examples", plan.Spec);
        await TrainAsync(client, plan, spec, dataset, arguments.GetValue(epochs) ?? plan.Epochs, cancellationToken);
        await FinishAsync(service, arguments.GetValue(keep), cancellationToken);
        return ExitCode.Done;
    }

    private static async Task TrainAsync(
        ServiceClient client, DemoPlan plan, string spec, Guid dataset, int epochs, CancellationToken cancellationToken)
    {
        var output = TrainOutput.Create(json: false);
        var demo = new DemoRun(client, output);
        var run = await demo.SubmitAsync(plan.Name, spec, dataset, epochs, cancellationToken);
        var id = run.GetProperty("id").GetGuid();
        Console.WriteLine($"Run         {id}, {epochs} epochs");
        Console.WriteLine();
        var finished = await demo.FollowAsync(id, epochs, cancellationToken);
        var modelId = finished.GetProperty("modelId").GetGuid();
        var model = await client.GetAsync($"v1/models/{modelId}", cancellationToken);
        Console.WriteLine();
        Summarise(model, finished);
        Console.WriteLine();
        await demo.PredictAsync(dataset, modelId, cancellationToken);
        Console.WriteLine();
    }

    private static void Summarise(JsonElement model, JsonElement run)
    {
        var (nnz, dense) = (model.GetProperty("nnz").GetInt64(), model.GetProperty("denseParameters").GetInt64());
        var (bytes, denseBytes) = (model.GetProperty("bytes").GetInt64(), model.GetProperty("denseBytes").GetInt64());
        Console.WriteLine($"Accuracy on the test part  {run.GetProperty("testAccuracy").GetDouble():0.00 %}");
        Console.WriteLine($"Stored connections         {nnz:N0} of {dense:N0} in the dense twin ({(double)nnz / dense:0.00 %})");
        Console.WriteLine($"Model                      {bytes / 1e6:0.00} MB; the dense twin would have {denseBytes / 1e6:0.00} MB "
            + $"({(double)denseBytes / bytes:0.0} times as much)");
    }

    private static async Task FinishAsync(ServiceHost service, bool keep, CancellationToken cancellationToken)
    {
        if (keep)
        {
            Console.WriteLine($"The service keeps running at {service.Address}; Ctrl-C stops it.");
            await service.WaitForShutdownAsync(cancellationToken);
            return;
        }

        Console.WriteLine("The service stops now; everything is kept. To go on:");
        Console.WriteLine("  ./sparse serve                             the same service, with this run and its model");
        Console.WriteLine("  ./sparse demo --keep                       another run, and the service stays");
        Console.WriteLine("  ./sparse demo fashion-mnist --data DIR     real images");
    }

    // The key of the last demo, while the database still knows it; it may submit, not administer.
    private static async Task<string> KeyAsync(ServiceHost service, DataFolder folder, CancellationToken cancellationToken)
    {
        if (folder.Read(KeyFile) is { } known)
        {
            using var client = new ServiceClient(new Credentials(service.Address, known));
            if (await IsWelcomeAsync(client, cancellationToken))
            {
                return known;
            }
        }

        var key = await service.CreateKeyAsync("demo", ApiRole.Submitter, cancellationToken);
        folder.WriteSecret(KeyFile, key);
        return key;
    }

    private static async Task<bool> IsWelcomeAsync(ServiceClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.GetAsync("v1/keys/self", cancellationToken);
            return true;
        }
        catch (CliFault)
        {
            return false;
        }
    }

    // The usual address, or any free port beside a service that runs already.
    private static string FreeAddress()
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, new Uri(SparseApi.DefaultUrl).Port);
            listener.Start();
            return SparseApi.DefaultUrl;
        }
        catch (SocketException)
        {
            return "http://127.0.0.1:0";
        }
    }
}
