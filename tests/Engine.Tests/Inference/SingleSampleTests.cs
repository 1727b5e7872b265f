using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Inference;

/// <summary>One sample goes another way than many: both are held against a network computed in double.</summary>
public sealed class SingleSampleTests : IDisposable
{
    private const int Features = 90;
    private const int Classes = 5;
    private const int Rows = 200;

    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    // Densities give columns of less than a chunk, of several, of more than eight, and rows without a gap.
    [Theory]
    [InlineData(ActivationKind.Relu, 0.15)]
    [InlineData(ActivationKind.Relu, 0.4)]
    [InlineData(ActivationKind.Relu, 1)]
    [InlineData(ActivationKind.AllRelu, 0.4)]
    [InlineData(ActivationKind.SRelu, 0.4)]
    [InlineData(ActivationKind.Tanh, 0.97)]
    [InlineData(ActivationKind.Sigmoid, 0.4)]
    public void Predict_OneSampleAndMany_AreTheNetworkInDouble(ActivationKind activation, double density)
    {
        var (bytes, rows) = Train(density, activation, 130, 100, 40);
        using var backend = Backend.Create(threads: 1);
        using var model = SparseModel.Load(new MemoryStream(bytes), backend);
        var together = new float[Rows * Classes];
        model.PredictPart(rows, together);
        for (var row = 0; row < Rows; row++)
        {
            var sample = rows.AsSpan(row * Features, Features);
            var single = new float[Classes];
            model.Predict(sample, single);
            var expected = Judge(bytes, sample, activation);
            for (var output = 0; output < Classes; output++)
            {
                Assert.Equal(expected[output], single[output], 2e-5);
                Assert.Equal(expected[output], together[(row * Classes) + output], 2e-5);
            }
        }
    }

    [Fact]
    public void Predict_SameRowsAgain_AreTheSameBits()
    {
        var (bytes, rows) = Train(0.3, ActivationKind.Relu, 130, 100);
        using var backend = Backend.Create(threads: 1);
        using var model = SparseModel.Load(new MemoryStream(bytes), backend);
        foreach (var count in new[] { 1, 2, 3, 4, 127, 128, 129 })
        {
            var (first, again) = (new float[count * Classes], new float[count * Classes]);
            model.Predict(rows.AsSpan(0, count * Features), first);
            model.Predict(rows.AsSpan(0, count * Features), again);
            Assert.Equal(first, again);
        }
    }

    // A stream is cut wherever its bytes happen to arrive.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(13)]
    [InlineData(31)]
    [InlineData(128)]
    public void PredictPart_CutAnywhere_GivesTheSameBits(int part)
    {
        var (bytes, rows) = Train(0.3, ActivationKind.Relu, 130, 100);
        using var backend = Backend.Create(threads: 1);
        using var model = SparseModel.Load(new MemoryStream(bytes), backend);
        var (whole, parts) = (new float[Rows * Classes], new float[Rows * Classes]);
        model.PredictPart(rows, whole);
        for (var row = 0; row < Rows; row += part)
        {
            var count = Math.Min(part, Rows - row);
            model.PredictPart(rows.AsSpan(row * Features, count * Features), parts.AsSpan(row * Classes, count * Classes));
        }

        Assert.Equal(whole, parts);
    }

    [Fact]
    public async Task Predict_FromManyThreads_EachGetsItsOwn()
    {
        var (bytes, rows) = Train(0.3, ActivationKind.Relu, 130, 100);
        using var backend = Backend.Create(threads: 1);
        using var model = SparseModel.Load(new MemoryStream(bytes), backend);
        var expected = new float[Rows * Classes];
        for (var row = 0; row < Rows; row++)
        {
            model.Predict(rows.AsSpan(row * Features, Features), expected.AsSpan(row * Classes, Classes));
        }

        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            var single = new float[Classes];
            for (var row = thread; row < 4 * Rows; row++)
            {
                model.Predict(rows.AsSpan(row % Rows * Features, Features), single);
                Assert.Equal(expected[(row % Rows * Classes)..((row % Rows * Classes) + Classes)], single);
            }
        })));
    }

    [Fact]
    public void Predict_NotANumber_ReachesTheOutputs()
    {
        var (bytes, rows) = Train(0.5, ActivationKind.Tanh, 130, 100);
        using var backend = Backend.Create(threads: 1);
        using var model = SparseModel.Load(new MemoryStream(bytes), backend);
        rows[Features - 1] = float.NaN;
        var single = new float[Classes];
        model.Predict(rows.AsSpan(0, Features), single);
        Assert.All(single, output => Assert.True(float.IsNaN(output)));
    }

    [Fact]
    public void Bytes_OneSamplePredicted_CountsItsOwnArraysOfOrderNnz()
    {
        var (bytes, rows) = Train(0.3, ActivationKind.Relu, 130, 100);
        using var backend = Backend.Create(threads: 1);
        using var model = SparseModel.Load(new MemoryStream(bytes), backend);
        var before = model.Bytes;
        model.Predict(rows.AsSpan(0, Features), new float[Classes]);
        var neurons = Features + 130 + 100 + Classes;
        Assert.InRange(model.Bytes - before, 6 * model.Nnz / 2, (12 * model.Nnz) + (100 * neurons));
    }

    // Features as an image has them: most are 0 in most rows, some always; and one far from 0, where x·scale − shift·scale has no digits left.
    private (byte[] Model, float[] Rows) Train(double density, ActivationKind activation, params int[] hidden)
    {
        var random = RandomStream.For(11, RandomPurpose.GeneratedData);
        var rows = new float[Rows * Features];
        var layout = new SampleLayout(Features, SampleElement.Float, Regression: false);
        using (var writer = new SampleStoreWriter(files.Store, layout, new DatasetLimits()))
        {
            for (var row = 0; row < Rows; row++)
            {
                if (row == Rows - 10)
                {
                    writer.BeginTestPart();
                }

                var sample = rows.AsSpan(row * Features, Features);
                for (var feature = 3; feature < Features; feature++)
                {
                    sample[feature] = random.NextDouble(0, 1) < 0.7 ? 0 : (float)random.NextNormal() + 2;
                }

                sample[1] = 100_000 + (float)random.NextNormal();
                writer.Append(sample);
                writer.AppendLabel((int)random.NextBelow(Classes));
            }

            writer.Complete(["a", "b", "c", "d", "e"], [0, 1, 2, 3, 4]);
        }

        var options = TrainingData.Options([Features, .. hidden, Classes]);
        options = options with
        {
            Epochs = 1,
            Network = options.Network with
            {
                Topology = new TopologyOptions { Kind = TopologyKind.Uniform, Density = density },
                Activation = new ActivationOptions { Kind = activation, Slope = 0.3 },
            },
        };
        using var store = SampleStore.Open(files.Store);
        return (TrainingData.Model(options, store), rows);
    }

    private static double[] Judge(byte[] bytes, ReadOnlySpan<float> row, ActivationKind kind)
    {
        using var file = Safetensors.Read(new MemoryStream(bytes));
        var (options, description) = ModelFile.ReadDescription(file.Metadata, file.Tensors, ModelFile.Format);
        var x = new double[row.Length];
        for (var feature = 0; feature < x.Length; feature++)
        {
            x[feature] = ((double)row[feature] - description.Shift[feature]) * description.Scale[feature];
        }

        var widths = options.Network.Layers;
        for (var layer = 0; layer < widths.Count - 1; layer++)
        {
            var (w, bias) = LayerTensors.Read(file.Tensors, layer, widths[layer + 1], widths[layer]);
            using (w)
            {
                var z = Array.ConvertAll(bias, value => (double)value);
                for (var neuron = 0; neuron < w.Rows; neuron++)
                {
                    for (var k = w.RowOffsets[neuron]; k < w.RowOffsets[neuron + 1L]; k++)
                    {
                        z[neuron] += w.Values[k] * x[w.ColumnIndices[k]];
                    }

                    z[neuron] = layer == widths.Count - 2 ? z[neuron] : Activate(kind, options.Network.Activation, layer + 1, z[neuron]);
                }

                x = z;
            }
        }

        var powers = Array.ConvertAll(x, value => Math.Exp(value - x.Max()));
        return Array.ConvertAll(powers, power => power / powers.Sum());
    }

    private static double Activate(ActivationKind kind, ActivationOptions options, int hidden, double z) => kind switch
    {
        ActivationKind.Relu => Math.Max(0, z),
        ActivationKind.AllRelu => z >= 0 ? z : z * (hidden % 2 == 1 ? -options.Slope : options.Slope),
        ActivationKind.Tanh => Math.Tanh(z),
        ActivationKind.Sigmoid => 1 / (1 + Math.Exp(-z)),
        _ => z < options.SRelu.LeftThreshold
            ? options.SRelu.LeftThreshold + (options.SRelu.LeftSlope * (z - options.SRelu.LeftThreshold))
            : z > options.SRelu.RightThreshold
                ? options.SRelu.RightThreshold + (options.SRelu.RightSlope * (z - options.SRelu.RightThreshold))
                : z,
    };
}
