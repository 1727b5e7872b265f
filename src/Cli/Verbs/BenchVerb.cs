using System.CommandLine;
using SparseService.Cli.Bench.Challenge;
using SparseService.Cli.Bench.Kernels;
using SparseService.Cli.Bench.Live;
using SparseService.Cli.Bench.Page;
using SparseService.Cli.Bench.Parallel;
using SparseService.Cli.Bench.Partitions;
using SparseService.Cli.Bench.Parts;
using SparseService.Cli.Bench.Peers;
using SparseService.Cli.Bench.Predict;
using SparseService.Cli.Bench.Report;
using SparseService.Cli.Bench.Scale;
using SparseService.Cli.Bench.Scaling;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Cli.Bench.Workers;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse bench</c>: measurements that are committed under <c>benchmarks/results</c>.</summary>
internal sealed class BenchVerb : Verb
{
    public BenchVerb()
        : base(
            "bench", "Measures this machine; without a name, lists what can be measured.",
            "./sparse bench train-vs-torch",
            "./sparse bench kernels --help")
    {
        Command[] benchmarks =
        [
            new TrainVersusTorch(),
            new TrainVersusScipy(),
            new AccuracyBench(),
            new DensitySweep(),
            new WidthSweep(),
            new StepsBench(),
            new ThreadsBench(),
            new WorkersBench(),
            new WorkersAccuracyBench(),
            new MemoryBench(),
            new ParallelBench(),
            new ScaleBench(),
            new PartitionBench(),
            new PartitionAwareBench(),
            new ScalingBench(),
            new ChallengeBench(),
            new KernelBench(),
            new LiveLatency(),
            new PredictBench(),
            new DashboardBench(),
            new ReadmeVerb(),
            new StepsPart(),
            new LayerPart(),
            new NetworkPart(),
        ];
        foreach (var benchmark in benchmarks)
        {
            Subcommands.Add(benchmark);
        }

        SetAction(_ =>
        {
            foreach (var benchmark in Subcommands.Where(benchmark => !benchmark.Hidden))
            {
                Console.WriteLine($"{benchmark.Name,-16} {benchmark.Description}");
            }
        });
    }
}
