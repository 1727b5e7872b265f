using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Peers;

/// <summary>A network and data of a known shape, the same for every side.</summary>
/// <param name="Height">Of an image, Height·Width being the features.</param>
internal sealed record BenchShape(string Name, TrainingOptions Options, int TrainRows, int TestRows, int Height, int Width)
{
    public const string FashionMnistName = "fashion-mnist";
    public const string Cifar10Name = "cifar10";

    public int BatchesPerEpoch => TrainRows / Options.BatchSize;

    /// <summary>The published settings: 784-1000-1000-1000-10, epsilon 20, batch 128, All-ReLU, dropout.</summary>
    public static BenchShape FashionMnist(string root) => new(FashionMnistName, SpecOf(root, "fashion-mnist"), 60_000, 10_000, 28, 28);

    /// <summary>3072-1024-1024-10, batch 100, ReLU: the network on which other sparse trainers publish their times.</summary>
    /// <param name="density">Of all connections; layer densities as in RigL, so that a thin network still has an output layer.</param>
    public static BenchShape Cifar10(double density)
    {
        var network = new NetworkOptions
        {
            Layers = [3072, 1024, 1024, 10],
            Topology = new TopologyOptions { Kind = TopologyKind.ErdosRenyiKernel, Density = density },
        };
        return new(Cifar10Name, new TrainingOptions { Network = network, BatchSize = 100 }, 50_000, 1_000, 32, 96);
    }

    /// <summary>So few samples that nothing takes long.</summary>
    public BenchShape Quick() => this with { TrainRows = 5 * Options.BatchSize, TestRows = 100 };

    /// <summary>At a small rate: thousands of steps on random labels must neither learn them by heart nor drive the weights away.</summary>
    public static TrainingOptions Slowly(TrainingOptions options) =>
        options with { Optimizer = options.Optimizer with { LearningRate = 1e-4 } };

    /// <summary>An example spec of this checkout.</summary>
    public static TrainingOptions SpecOf(string root, string name) =>
        RunSpecJson.Parse(File.ReadAllBytes(Path.Combine(root, "deploy", "examples", $"{name}.json"))).Training;
}
