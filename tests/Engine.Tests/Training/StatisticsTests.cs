using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

public sealed class StatisticsTests
{
    [Fact]
    public void Distribution_HandWorked()
    {
        var distribution = StatisticsOf.Distribution([0, 10, 5, 5, 1]);
        Assert.Equal((0.0, 10.0, 4.2, 5.0), (distribution.Minimum, distribution.Maximum, Math.Round(distribution.Mean, 6), distribution.Median));
        Assert.Equal([1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1], distribution.Histogram);
        Assert.Equal([1, 2, 3, 4, 0], distribution.Top.Select(neuron => neuron.Neuron)); // of equals the lower index first
    }

    [Fact]
    public void Distribution_TenOfMany_AreTheStrongest()
    {
        var strength = Enumerable.Range(0, 100).Select(neuron => (float)((neuron * 37) % 100)).ToArray();
        var expected = Enumerable.Range(0, 100).OrderByDescending(neuron => strength[neuron]).Take(10);
        Assert.Equal(expected, StatisticsOf.Distribution(strength).Top.Select(neuron => neuron.Neuron));
    }

    [Fact]
    public void Layer_DisconnectedAndDead_AreToldApart()
    {
        // Neuron 0: no input. Neuron 1: no output. Neuron 2: connected but silent. Neuron 3: alive.
        var layer = Layer(0, new CsrMatrix(4, 2, [0, 0, 1, 2, 4], [0, 1, 0, 1], [1, 1, 1, 1]));
        var next = Layer(1, new CsrMatrix(1, 4, [0, 3], [0, 2, 3], [1, 1, 1]));
        var statistics = StatisticsOf.Layer(layer, next, [true, true, false, true], gradientNorm: 0.5);
        Assert.Equal((2, 1), (statistics.DisconnectedNeurons, statistics.DeadNeurons));
        Assert.Equal([2], statistics.Dead);
        Assert.Equal((4L, 0.5, 0.5), (statistics.Nnz, statistics.Density, statistics.GradientNorm));
    }

    [Fact]
    public void Layer_Degrees_HandWorked()
    {
        // Into the neurons 0, 1, 1 and 2 connections; out of the two inputs 2 each.
        using var layer = Layer(0, new CsrMatrix(4, 2, [0, 0, 1, 2, 4], [0, 1, 0, 1], [1, 1, 1, 1]));
        var statistics = StatisticsOf.Layer(layer, null, null, gradientNorm: 0);
        Assert.Equal((0, 2, 1.0, 1), Shape(statistics.FanIn!));
        Assert.Equal([1, 2, 1], statistics.FanIn!.Histogram);
        Assert.Equal((2, 2, 2.0, 1), Shape(statistics.FanOut!));
        Assert.Equal([2], statistics.FanOut!.Histogram);
    }

    [Theory]
    [InlineData(19, 1, 20)]
    [InlineData(20, 2, 11)]
    [InlineData(1000, 51, 20)]
    public void Degrees_OfAnyRange_FitTwentyBinsAndLoseNoNeuron(int maximum, int width, int bins)
    {
        var degrees = Enumerable.Range(0, maximum + 1).ToArray();
        var distribution = StatisticsOf.Degrees(degrees);
        Assert.Equal((width, bins), (distribution.BinWidth, distribution.Histogram.Count));
        Assert.Equal(degrees.Length, distribution.Histogram.Sum());
    }

    [Fact]
    public void GigaflopsPerSecond_TwoLayers_CountsNoInputGradientInTheFirst()
    {
        var importance = StatisticsOf.Distribution([1]);
        LayerStatistics Of(int layer, long nnz) =>
            new() { Layer = layer, Inputs = 10, Outputs = 1, Nnz = nnz, Density = 1, Importance = importance };
        var result = new EpochResult
        {
            Epoch = 1, Step = 1, Loss = 1, TestLoss = 1, Nnz = 30, Density = 1, LearningRate = 1, GradientNorm = 1, TrainSeconds = 1,
            EvolutionSeconds = 0, TestSeconds = 0, SamplesPerSecond = 1e6,
            Statistics = new NetworkStatistics { Layers = [Of(1, 1000), Of(2, 500)], InputImportance = [] },
        };
        Assert.Equal((4 * 1000 + 6 * 500) / 1000.0, result.GigaflopsPerSecond, 9);
    }

    private static (int, int, double, int) Shape(DegreeDistribution degrees) =>
        (degrees.Minimum, degrees.Maximum, degrees.Mean, degrees.BinWidth);

    private static SparseLayer Layer(int index, CsrMatrix weights) => new(
        index, new Connections(weights, [new DeviceBuffer<float>(new float[weights.Nnz])]), new float[weights.Rows], [new float[weights.Rows]], Activation.Linear,
        new ExplorationSketch(), new bool[weights.Rows]);
}
