using System.Text.Json;
using SparseService.Engine.Data;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Parallel.Averaged;

/// <summary>A folder with data in which ranks train, by either transport.</summary>
internal sealed class TrainedRanks : IDisposable
{
    private readonly StoreFiles files = new();

    /// <param name="trainRows">Of two features in two classes.</param>
    public TrainedRanks(int trainRows = 400)
    {
        using var data = TrainingData.Quadrants(files, trainRows);
    }

    public IReadOnlyList<EpochResult> Epochs =>
        JsonSerializer.Deserialize<List<EpochResult>>(File.ReadAllBytes(PathOf("epochs.json")), RunSpecJson.Options)!;

    public byte[] Model => File.ReadAllBytes(PathOf("model"));

    public string Checkpoint => PathOf("checkpoint");

    /// <summary>Small and quick, with evolution: 2-20-20-2, 40 minibatches of 10.</summary>
    public static TrainingOptions Options(ParallelMethod method, int workers, double localShare = 0.5, bool lockStep = true, int epochs = 4) =>
        TrainingData.Options(2, 20, 20, 2) with
        {
            Epochs = epochs,
            Parallel = new ParallelTrainingOptions { Method = method, Workers = workers, LocalShare = localShare, LockStep = lockStep, WarmupEpochs = 2 },
        };

    public SampleStore OpenData() => SampleStore.Open(files.Store);

    /// <summary>Columns and bits of a rank's network after an epoch.</summary>
    public byte[] Network(int rank, int epoch) => File.ReadAllBytes(PathOf($"rank-{rank}-epoch-{epoch}"));

    public TrainedRanks Run(string transport, RankPlan plan)
    {
        File.WriteAllBytes(PathOf("plan.json"), JsonSerializer.SerializeToUtf8Bytes(plan, RunSpecJson.Options));
        RankGroup.Run(transport, plan.Options.Parallel!.Workers, AveragedPrograms.Train, files.Folder);
        return this;
    }

    public void Dispose() => files.Dispose();

    private string PathOf(string name) => Path.Combine(files.Folder, name);
}
