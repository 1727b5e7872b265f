using System.CommandLine;
using Microsoft.Extensions.Options;
using Npgsql;
using SparseService.Cli;
using SparseService.Cli.Machine;
using SparseService.Cli.Verbs;
using SparseService.Engine.Gpu;
using SparseService.Engine.Parallel;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Training;

OptionalParts.Add();
if (args is [RankProcess.Verb, ..])
{
    return RankProcess.Run(args[1..]);
}

CommandName.Current = Checkout.Root is null ? "sparse" : CommandName.InExamples;
var root = new RootCommand("Trains truly sparse neural networks: as a service, or here and now.")
{
    new DemoVerb(),
    new ServeVerb(),
    new WorkerVerb(),
    new TrainVerb(),
    new PartitionVerb(),
    new ChallengeVerb(),
    new TestVerb(),
    new BenchVerb(),
    new HealthVerb(),
    new PackageVerb(),
    new PtxVerb(),
};
foreach (var verb in ServiceVerbs.All())
{
    root.Add(verb);
}

return await Entry.RunAsync(root, args, Explain);

static CliFault? Explain(Exception exception) => exception switch
{
    InvalidSpecException fault => new CliFault(string.Join('\n', fault.Faults), ExitCode.BadInput),
    OptionsValidationException settings => new CliFault(string.Join('\n', settings.Failures), ExitCode.BadInput),
    TrainingDivergedException or RankFailedException or DeviceException => new CliFault(exception.Message),
    NpgsqlException => new CliFault($"Postgres: {exception.Message}", ExitCode.Unreachable),
    _ => null,
};
