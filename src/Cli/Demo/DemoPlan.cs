using SparseService.Engine.Training;

namespace SparseService.Cli.Demo;

/// <summary>A dataset that the demo knows how to train on.</summary>
/// <param name="Name">As in <c>sparse demo NAME</c>; also the dataset's name in the service.</param>
/// <param name="Spec">File under <c>deploy/examples</c>.</param>
/// <param name="Epochs">So that the whole demo takes about a minute.</param>
/// <param name="Generated">Drawn by the demo itself when no <c>--data</c> is given; null = there must be one.</param>
internal sealed record DemoPlan(string Name, string Spec, int Epochs, GeneratedDataset? Generated)
{
    public static IReadOnlyList<DemoPlan> All { get; } =
    [
        new(
            "glyphs", "glyphs.json", 20,
            new GeneratedDataset { Kind = GeneratedDatasetKind.Glyphs, TrainSamples = 6000, TestSamples = 1000 }),
        new("madelon", "madelon.json", 60, new GeneratedDataset { Kind = GeneratedDatasetKind.Madelon }),
        new("fashion-mnist", "fashion-mnist.json", 5, null),
        new("mnist", "fashion-mnist.json", 5, null),
    ];

    public static DemoPlan Find(string name) => All.Single(plan => plan.Name == name);
}
