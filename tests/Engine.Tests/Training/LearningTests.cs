using System.Text;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

/// <summary>The accuracies that the specification gives, on real data, with the specs that are shipped.</summary>
[Trait("Size", "Long")]
public sealed class LearningTests : IDisposable
{
    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    [Theory] // the authors' code: 0.860 to 0.865
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void FashionMnist_TenEpochs_ReachesTheAuthorsAccuracy(int seed)
    {
        using var data = files.ImportFolder(StoreFiles.SharedData("fashion-mnist"));
        var results = Train("fashion-mnist", data, seed, epochs: 10);
        Assert.True(results[^1].TestAccuracy >= 0.855, $"{results[^1].TestAccuracy}");
        Assert.All(results, result => Assert.Equal(results[0].Nnz, result.Nnz));
    }

    // The authors' arithmetic: best 0.675 to 0.682. A seed alone is off by 0.014 of 600 test samples, one way or the other, and another width of
    // registers is as good as another seed: the mean of five must come within a point.
    [Fact]
    public void Madelon_FiveHundredEpochs_ReachesTheAuthorsBest()
    {
        using var data = files.ImportFolder(StoreFiles.SharedData("madelon"));
        var best = Enumerable.Range(1, 5).Select(seed => Train("madelon", data, seed, epochs: 500).Max(result => result.TestAccuracy!.Value)).ToArray();
        Assert.True(best.Average() >= 0.665, string.Join(", ", best));
    }

    private static List<EpochResult> Train(string example, SampleStore data, int seed, int epochs)
    {
        var options = Example(example) with { Seed = (ulong)seed, Epochs = epochs };
        using var backend = Backend.Create();
        using var trainer = Trainer.Create(options, data, backend);
        return TrainingData.TrainToEnd(trainer);
    }

    /// <summary>Options of a spec that is shipped.</summary>
    internal static TrainingOptions Example(string name) => RunSpecJson.Parse(
        Encoding.UTF8.GetBytes(File.ReadAllText(Path.Combine(Repository(), "deploy", "examples", $"{name}.json")))).Training;

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "SparseService.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
