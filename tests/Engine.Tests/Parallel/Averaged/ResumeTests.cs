using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Parallel.Averaged;

public sealed class ResumeTests
{
    // Rows 430: 43 minibatches, so that WASAP's epochs end inside a round of 3 and a worker holds a gradient there. Epochs 1 to 3 together, 4 to 6 apart.
    [Theory]
    [InlineData("threads", ParallelMethod.Wasap, 0)]
    [InlineData("threads", ParallelMethod.Wasap, 17)]
    [InlineData("threads", ParallelMethod.Wasap, 43)]
    [InlineData("threads", ParallelMethod.Wasap, 100)]
    [InlineData("threads", ParallelMethod.Wasap, 150)]
    [InlineData("threads", ParallelMethod.Wasap, 200)]
    [InlineData("threads", ParallelMethod.Wassp, 0)]
    [InlineData("threads", ParallelMethod.Wassp, 7)]
    [InlineData("threads", ParallelMethod.Wassp, 28)]
    [InlineData("threads", ParallelMethod.Wassp, 60)]
    [InlineData("mpi", ParallelMethod.Wasap, 18)]
    [InlineData("mpi", ParallelMethod.Wasap, 150)]
    [InlineData("mpi", ParallelMethod.Wassp, 7)]
    public void Resume_CancelledAtAnyStep_HasTheBitsOfATrainingThatWasNot(string transport, ParallelMethod method, int stopAt)
    {
        using var folder = new TrainedRanks(430);
        using var whole = new TrainedRanks(430);
        var plan = new RankPlan { Options = TrainedRanks.Options(method, 3, epochs: 6) };
        folder.Run(transport, plan with { StopAt = stopAt });
        var before = folder.Epochs;
        folder.Run(transport, plan with { Resumes = true });
        whole.Run("threads", plan);

        Assert.Equal(whole.Model, folder.Model);
        var epochs = before.Concat(folder.Epochs).ToArray();
        Assert.Equal(whole.Epochs.Select(epoch => epoch.Epoch), epochs.Select(epoch => epoch.Epoch));
        Assert.Equal(whole.Epochs.Select(epoch => epoch.Loss), epochs.Select(epoch => epoch.Loss));
        Assert.Equal(whole.Epochs.Select(epoch => epoch.TestAccuracy), epochs.Select(epoch => epoch.TestAccuracy));
    }

    [Theory]
    [InlineData(ParallelMethod.Wasap)]
    [InlineData(ParallelMethod.Wassp)]
    public void Resume_OtherWorkersAtTheEndOfAnEpochTogether_GoesOn(ParallelMethod method)
    {
        using var folder = new TrainedRanks(430);
        var plan = new RankPlan { Options = TrainedRanks.Options(method, 3, lockStep: false) };
        folder.Run("threads", plan with { StopAfterEpochs = 1 });
        folder.Run("threads", plan with { Options = TrainedRanks.Options(method, 2, lockStep: false), Resumes = true });

        Assert.Equal([2, 3, 4], folder.Epochs.Select(epoch => epoch.Epoch));
        Assert.All(folder.Epochs, epoch => Assert.Equal(2, epoch.Ranks!.Count));
    }

    [Theory]
    [InlineData(5, "an epoch was not done")]
    [InlineData(110, "workers trained for themselves")]
    public void Resume_OtherWorkersInMidEpochOrPhase2_SaysHowManyAreAllowed(int stopAt, string why)
    {
        using var folder = new TrainedRanks(430);
        folder.Run("threads", new RankPlan { Options = TrainedRanks.Options(ParallelMethod.Wasap, 3), StopAt = stopAt });

        var plan = new RankPlan { Options = TrainedRanks.Options(ParallelMethod.Wasap, 2), Resumes = true };
        var failed = Assert.Throws<RankFailedException>(() => folder.Run("threads", plan));

        var fault = Assert.IsType<InvalidSpecException>(failed.InnerException).Faults.Single();
        Assert.Equal(("$.training.parallel.workers", "2"), (fault.Path, fault.Value));
        Assert.StartsWith("3 as in the checkpoint", fault.Allowed, StringComparison.Ordinal);
        Assert.Contains(why, fault.Allowed, StringComparison.Ordinal);

        using var data = folder.OpenData();
        using var backend = Backend.Create("simd", 1);
        using var checkpoint = File.OpenRead(folder.Checkpoint);
        var refused = Assert.Throws<InvalidSpecException>(() => Trainer.Resume(checkpoint, data, backend, plan.Options with { Parallel = null }));
        Assert.Contains(why, refused.Faults.Single().Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_SequentiallyAfterAnEpochTogether_GoesOn()
    {
        using var folder = new TrainedRanks(430);
        var options = TrainedRanks.Options(ParallelMethod.Wasap, 3, lockStep: false);
        folder.Run("threads", new RankPlan { Options = options, StopAfterEpochs = 2 });

        using var data = folder.OpenData();
        using var backend = Backend.Create("simd", 1);
        using var checkpoint = File.OpenRead(folder.Checkpoint);
        using var trainer = Trainer.Resume(checkpoint, data, backend, options with { Parallel = null });

        Assert.Equal([3, 4], TrainingData.TrainToEnd(trainer).Select(epoch => epoch.Epoch));
    }

    [Fact]
    public void Resume_OfASequentialCheckpointByWorkers_GoesOn()
    {
        using var folder = new TrainedRanks(430);
        var options = TrainedRanks.Options(ParallelMethod.Wassp, 3);
        using (var data = folder.OpenData())
        using (var backend = Backend.Create("simd", 1))
        using (var trainer = Trainer.Create(options, data, backend))
        {
            trainer.TrainEpoch(cancellationToken: TestContext.Current.CancellationToken);
            File.WriteAllBytes(folder.Checkpoint, TrainingData.Bytes(trainer.WriteCheckpoint));
        }

        folder.Run("threads", new RankPlan { Options = options, Resumes = true });

        Assert.Equal([2, 3, 4], folder.Epochs.Select(epoch => epoch.Epoch));
    }

    [Fact]
    public void Resume_WithMoreEpochsAfterTheAverage_GoesOn()
    {
        using var folder = new TrainedRanks(400);
        var plan = new RankPlan { Options = TrainedRanks.Options(ParallelMethod.Wasap, 2) };
        folder.Run("threads", plan);
        var more = plan.Options with { Epochs = 8 };
        folder.Run("threads", new RankPlan { Options = more, Resumes = true });

        Assert.Equal([5, 6, 7, 8], folder.Epochs.Select(epoch => epoch.Epoch));
    }
}
