using SparseService.Engine.Gpu;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Gpu;

[Trait("Size", "Long")]
public sealed class FashionOnDeviceTests : IDisposable
{
    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public void FashionMnist_ThreeEpochsWithEvolution_HasTheProcessorsLossesAndTheSameBitsAgain()
    {
        var device = DeviceSkip.Device();
        using var data = files.ImportFolder(StoreFiles.SharedData("fashion-mnist"));
        var options = LearningTests.Example("fashion-mnist") with { Epochs = 3 };
        Assert.NotNull(options.Evolution);
        using var simd = Backend.Create("simd", 1);
        using var onProcessor = Trainer.Create(options, data, simd);
        var expected = TrainingData.TrainToEnd(onProcessor);
        var (results, model) = Train();
        var (_, again) = Train();

        foreach (var (one, other) in expected.Zip(results))
        {
            TestContext.Current.SendDiagnosticMessage(
                $"epoch {one.Epoch}: loss {one.Loss} {other.Loss}, test {one.TestLoss} {other.TestLoss}, seconds {one.TrainSeconds} {other.TrainSeconds}");
            Assert.Equal(one.Loss, other.Loss, 1e-3 * one.Loss);
            Assert.Equal(one.TestLoss, other.TestLoss, 1e-3 * one.TestLoss);
            Assert.Equal(one.Nnz, other.Nnz);
            Assert.True(one.Epoch == 3 || other.Statistics.Layers.Sum(layer => layer.Births) > 0);
        }

        Assert.Equal(model, again);

        (List<EpochResult> Results, byte[] Model) Train()
        {
            using var backend = new DeviceBackend(device);
            using var trainer = Trainer.Create(options, data, backend);
            return (TrainingData.TrainToEnd(trainer), TrainingData.Bytes(trainer.WriteModel));
        }
    }
}
