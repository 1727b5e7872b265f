using System.Text.Json;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel;
using SparseService.Engine.Parallel.Averaged;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Parallel.Averaged;

/// <summary>What <see cref="AveragedTrainingTests"/> runs on each rank: a training as the folder's plan says, whose results lie in the folder.</summary>
internal static class AveragedPrograms
{
    /// <summary>Rank 0 leaves <c>epochs.json</c>, <c>model</c> and <c>checkpoint</c>; every rank leaves its network before the first epoch and after each
    /// as <c>rank-R-epoch-E</c>.</summary>
    public static void Train(ICommunicator ranks, string folder)
    {
        var plan = JsonSerializer.Deserialize<RankPlan>(File.ReadAllBytes(Path.Combine(folder, "plan.json")), RunSpecJson.Options)!;
        var options = plan.OtherSeeds && ranks.Rank > 0 ? plan.Options with { Seed = 1000 + (ulong)ranks.Rank } : plan.Options;
        using var data = SampleStore.Open(Path.Combine(folder, "data.store"));
        using var backend = Backend.Create("simd", 1);
        using var checkpoint = plan.Resumes ? File.OpenRead(Path.Combine(folder, "checkpoint")) : null;
        using var training = AveragedTraining.Open(ranks, options, data, backend, checkpoint, plan.Resumes ? options : null);
        checkpoint?.Close();
        using var cancellation = new CancellationTokenSource();
        var epochs = new List<EpochResult>();
        Leave(training, ranks.Rank, folder);
        try
        {
            while (!training.IsFinished && training.EpochsDone != plan.StopAfterEpochs)
            {
                if (training.Step >= plan.StopAt)
                {
                    cancellation.Cancel();
                }

                var result = training.TrainEpoch(
                    step =>
                    {
                        if (step.Step >= plan.StopAt)
                        {
                            cancellation.Cancel();
                        }
                    },
                    ranks.Rank == 0 ? cancellation.Token : default);
                Assert.Equal(ranks.Rank == 0, result is not null);
                if (result is not null)
                {
                    epochs.Add(result);
                }

                Leave(training, ranks.Rank, folder);
            }
        }
        catch (OperationCanceledException)
        {
            Assert.NotNull(plan.StopAt);
        }

        using var written = ranks.Rank == 0 ? File.Create(Path.Combine(folder, "checkpoint")) : null;
        training.WriteCheckpoint(written);
        using var model = ranks.Rank == 0 ? File.Create(Path.Combine(folder, "model")) : null;
        training.WriteModel(model);
        if (ranks.Rank == 0)
        {
            File.WriteAllBytes(Path.Combine(folder, "epochs.json"), JsonSerializer.SerializeToUtf8Bytes(epochs, RunSpecJson.Options));
        }
    }

    // Columns and bits of the values and biases of every layer.
    private static void Leave(AveragedTraining training, int rank, string folder)
    {
        using var file = new BinaryWriter(File.Create(Path.Combine(folder, $"rank-{rank}-epoch-{training.EpochsDone}")));
        foreach (var layer in training.Network.Layers)
        {
            for (var k = 0L; k < layer.Weights.Nnz; k++)
            {
                file.Write(layer.Weights.ColumnIndices[k]);
                file.Write(layer.Weights.Values[k]);
            }

            foreach (var bias in layer.Bias)
            {
                file.Write(bias);
            }
        }
    }
}
