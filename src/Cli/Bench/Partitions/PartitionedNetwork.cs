using SparseService.Cli.Bench.Sweeps;
using SparseService.Cli.Files;
using SparseService.Cli.Training;
using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Partitions;

/// <summary>A network that is cut, and into how many parts.</summary>
internal sealed record PartitionedNetwork(string Name, WantedCut[] Cuts, Func<CancellationToken, CsrMatrix[]> Layers)
{
    private const int FashionEpochs = 30;
    private const int MadelonEpochs = 100;

    // Mt-KaHyPar (default preset, ε 0.01; with 128 parts 0.03) and Zoltan PHG, words per layer as measured before this partitioner was
    // written: docs/partitioning.md.
    public static IEnumerable<PartitionedNetwork> All(string root, string? fashion, string? madelon, bool quick)
    {
        if (quick)
        {
            yield return Radix(1024, 2, new WantedCut(4));
            yield break;
        }

        yield return Radix(
            1024, 24, new(4, null, 1148), new(16, null, 3211), new(32, 1427, 3704), new(64, null, 4523), new(128, 4023, 6122));
        yield return Radix(1024, 12, new WantedCut(8, 957, 1770));
        yield return Radix(4096, 24, new(8, null, 3769), new(32, 4427, 7482), new(128, null, 10506));
        yield return Radix(16384, 20, new(32, null, 14280), new(256, null, 25892));
        yield return Uniform(1024, new(8, null, 6515), new(32, 16786, 17646));
        yield return Uniform(4096, new(32, 65909, 69326), new(128, null, 102194));
        WantedCut[] each = [new(8), new(32), new(128)];
        if (fashion is not null)
        {
            yield return Trained(root, "fashion-mnist", fashion, FashionEpochs, each);
        }

        if (madelon is not null)
        {
            yield return Trained(root, "madelon", madelon, MadelonEpochs, each);
        }
    }

    private static PartitionedNetwork Radix(int neurons, int layers, params WantedCut[] cuts) =>
        new($"RadiX-{neurons}, {layers} layers", cuts, _ => RadixNet.Layers(neurons, layers));

    private static PartitionedNetwork Uniform(int neurons, params WantedCut[] cuts) =>
        new($"uniform random {neurons}, 12 layers", cuts, _ => UniformRows.Layers(neurons, RadixNet.FanIn, 12, seed: 1));

    // With evolution, so that its connections are where training has put them.
    private static PartitionedNetwork Trained(string root, string example, string path, int epochs, WantedCut[] cuts) =>
        new($"{example}, {epochs} epochs of SET", cuts, cancellationToken =>
        {
            var spec = SpecFromFile.Read(Path.Combine(root, "deploy", "examples", $"{example}.json"), epochs);
            using var data = SampleStore.Open(DatasetCache.Find(path, cancellationToken));
            using var backend = Backend.Create(null, 0);
            using var trainer = Trainer.Create(spec.Training, data, backend);
            BenchRun.Say($"Training {example} …");
            while (!trainer.IsFinished)
            {
                trainer.TrainEpoch(null, cancellationToken);
            }

            using var model = new MemoryStream();
            trainer.WriteModel(model);
            model.Position = 0;
            return [.. StoredTopology.Read(model).Layers];
        });
}

/// <param name="MtKaHyPar">Words per layer, where they are known.</param>
/// <param name="EarlierZoltan">Words per layer, where they are known.</param>
internal sealed record WantedCut(int Parts, int? MtKaHyPar = null, int? EarlierZoltan = null);
