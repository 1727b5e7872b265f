using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Inference;

public sealed class SparseModelTests : IDisposable
{
    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData(2, 2)]
    [InlineData(2, 30, 2)]
    [InlineData(2, 9, 30, 2)]
    [InlineData(2, 30, 9, 40, 2)]
    public void Predict_AnyDepth_SameAsTheTestOfTraining(params int[] layers)
    {
        using var data = TrainingData.Quadrants(files, trainRows: 40, testRows: 300); // more than two batches
        using var backend = Backend.Create();
        using var trainer = Trainer.Create(TrainingData.Options(layers) with { Epochs = 1 }, data, backend);
        var tested = trainer.TrainEpoch(cancellationToken: TestContext.Current.CancellationToken);
        using var model = SparseModel.Load(new MemoryStream(TrainingData.Bytes(trainer.WriteModel)), backend);

        var (rows, probabilities) = (new float[2 * 300], new float[2 * 300]);
        for (var row = 0; row < 300; row++)
        {
            data.ReadRow(40 + row, rows.AsSpan(2 * row, 2));
        }

        model.Predict(rows, probabilities);
        var loss = Enumerable.Range(0, 300).Average(row => -Math.Log(probabilities[(2 * row) + data.ClassOf(40 + row)]));
        Assert.Equal(tested.TestLoss, loss, 1e-5);
    }

    [Fact]
    public async Task Dispose_WhileOthersPredict_WaitsForThemAndRefusesTheNext()
    {
        using var data = TrainingData.Quadrants(files, trainRows: 40, testRows: 5);
        using var trainingBackend = Backend.Create();
        using var trainer = Trainer.Create(TrainingData.Options(2, 30, 2), data, trainingBackend);
        var bytes = TrainingData.Bytes(trainer.WriteModel);
        for (var round = 0; round < 3; round++)
        {
            using var backend = Backend.Create(threads: 1);
            using var model = SparseModel.Load(new MemoryStream(bytes), backend);
            var (rows, expected) = (new float[2 * 300], new float[2 * 300]);
            model.Predict(rows, expected);
            var predictions = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
            {
                var outputs = new float[2 * 300];
                for (var done = false; !done;)
                {
                    done = Record.Exception(() => model.Predict(rows, outputs)) is ObjectDisposedException;
                    Assert.Equal(done ? outputs : expected, outputs);
                }
            })).ToArray();
            model.Predict(rows, expected);
            model.Dispose();
            await Task.WhenAll(predictions);
            Assert.Throws<ObjectDisposedException>(() => model.Predict(rows, expected));
        }
    }

    [Fact]
    public void Load_VeryWideLayer_TakesBuffersOfItsOwnSizeOnly()
    {
        using var data = TrainingData.Quadrants(files, trainRows: 10, testRows: 5);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 3_000_000, 2) with { BatchSize = 1 };
        options = options with { Network = options.Network with { Topology = new TopologyOptions { Epsilon = 0.1 } } };
        using var trainer = Trainer.Create(options, data, backend);
        using var file = new MemoryStream();
        trainer.WriteModel(file);
        file.Position = 0;
        using var model = SparseModel.Load(file, backend);
        model.PredictPart(new float[2 * 200], new float[2 * 200]);
        Assert.InRange(model.Bytes, file.Length, file.Length + (65 << 20)); // 128 samples would be 1.5 GB
        var output = new float[2];
        model.Predict([0.5f, 0.5f], output);
        Assert.InRange(model.Bytes, file.Length, file.Length + (95 << 20));
        Assert.Equal(1, output[0] + output[1], 1e-4);
    }
}
