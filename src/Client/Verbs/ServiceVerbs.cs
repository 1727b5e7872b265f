using System.CommandLine;
using SparseService.Client.Datasets;
using SparseService.Client.Models;
using SparseService.Client.Runs;
using SparseService.Client.Topologies;

namespace SparseService.Client.Verbs;

/// <summary>Every verb that talks to a service; the whole program adds those that are the service.</summary>
internal static class ServiceVerbs
{
    public static IEnumerable<Command> All() =>
    [
        new LoginVerb(),
        new LogoutVerb(),
        new Command("datasets", "Datasets of the service.")
        {
            new PushVerb(), new ListDatasetsVerb(), new ShowDatasetVerb(), new RemoveDatasetVerb(),
        },
        new Command("runs", "Runs of the service: submit them, watch them, steer them.")
        {
            new SubmitVerb(), new ListRunsVerb(), new ShowRunVerb(), new WatchVerb(), new WaitVerb(), SteerVerb.Cancel(), SteerVerb.Pause(),
            SteerVerb.Resume(), new ForkVerb(), new EventsVerb(), new MetricsVerb(), new RemoveRunVerb(),
        },
        new Command("models", "Models that runs have made.") { new ListModelsVerb(), new PullVerb(), new PredictVerb() },
        new Command("topology", "Sparse topologies.") { new PreviewVerb(), new PartitionVerb() },
        new WorkersVerb(),
        new CompletionVerb(),
    ];
}
