using SparseService.Engine.Gpu;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Gpu;

public sealed class DeviceInferenceTests
{
    private const float Cap = 32;

    // The sizes of GPU and processor, and ones that leave remainders everywhere.
    private static readonly FusedShape[] Shapes = [FusedShape.OfGpu, FusedShape.OfProcessor, new(16, 8, 4, 4, 2)];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 13)]
    [InlineData(5, 100)]
    [InlineData(9, 257)]
    public void Run_RandomNetwork_FindsTheInputsThatSumsInDoubleFind(int depth, int rows)
    {
        var device = DeviceSkip.Device();
        int[] widths = [70, 33, 300, 17, 64, 65, 128, 40, 90, 50];
        var weights = Enumerable.Range(0, depth).Select(l => Exact(Matrix(widths[l + 1], widths[l], 0.15, seed: (ulong)(l + 1)))).ToArray();
        var biases = weights.Select(w => Enumerable.Repeat(-0.25f, w.Rows).ToArray()).ToArray();
        const int words = 2;
        var bits = Bits(rows, words, widths[0]);
        var (expected, active) = Reference(weights, biases, bits, words);

        foreach (var shape in Shapes)
        {
            foreach (var most in new[] { 0, 7 })
            {
                using var inference = new DeviceInference(device, weights, biases, Cap, shape) { MostInputs = most };
                Assert.Equal(expected, inference.Run(bits, words));
                Assert.Equal(active, inference.Active);
                Assert.Equal(expected, inference.Run(bits, words));
            }
        }

        Array.ForEach(weights, w => w.Dispose());
    }

    [Fact]
    public void Run_ChallengeNetwork_FindsTheInputsThatSumsInDoubleFind()
    {
        var device = DeviceSkip.Device();
        var weights = RadixNet.Layers(1024, 13);
        var biases = weights.Select(_ => Enumerable.Repeat(-0.3f, 1024).ToArray()).ToArray();
        var bits = Bits(60, 16, 1024, share: 0.25);
        var (expected, active) = Reference(weights, biases, bits, 16);
        Assert.InRange(expected.Length, 1, 59); // else the test could not tell

        using var inference = new DeviceInference(device, weights, biases, Cap);
        Assert.Equal(expected, inference.Run(bits, 16));
        Assert.Equal(active, inference.Active);
        Array.ForEach(weights, w => w.Dispose());
    }

    // What the authors' own program prints of the padding of this network: rows of 32 lanes.
    [Fact]
    public void Of_ChallengeNetwork_PadsAsThePaper()
    {
        var padded = 0L;
        foreach (var layer in RadixNet.Layers(1024, 120))
        {
            padded += SlicedLayer.Of(layer, FusedShape.OfGpu).Values.Length / 32;
            layer.Dispose();
        }

        Assert.Equal(163_152, padded);
    }

    [Fact]
    public void Of_SmallLayer_HasTheStagesAndSlicesOfTheHandTable()
    {
        // Rows 0 to 2 in a block of 4, stages of 2 inputs, slices of 2 rows. Inputs used: 1, 4, 6.
        using var w = new CsrMatrix(3, 7, [0, 2, 3, 5], [1, 6, 4, 4, 6], [1f, 2, 3, 4, 5]);

        var layer = SlicedLayer.Of(w, new FusedShape(4, 2, 2, 1, 1));

        Assert.Equal([0, 2], layer.FirstStages);
        Assert.Equal([0, 2, 3], layer.MapOffsets);
        Assert.Equal([1, 4, 6], layer.Map.Select(input => (int)input));
        Assert.Equal([0, 2, 4, 6, 8], layer.SliceOffsets); // one entry a row in each slice of each stage
        Assert.Equal([0, 1, 1, 0, 0, 0, 0, 0], layer.Columns.Select(column => (int)column));
        Assert.Equal([1f, 3, 4, 0, 2, 0, 5, 0], layer.Values);
    }

    [Fact]
    public void Create_WhatCannotWork_SaysWhy()
    {
        var device = DeviceSkip.Device();
        using var w = new CsrMatrix(1, 2, [0, 1], [0], [1f]);
        Assert.Contains("none above 0", Assert.Throws<ArgumentException>(() => new DeviceInference(device, [w], [[0.5f]], Cap)).Message, StringComparison.Ordinal);
        Assert.Contains("Layer 1 has 2 inputs; allowed: 1", Assert.Throws<ArgumentException>(() => new DeviceInference(device, [w, w], [[0f], [0f]], Cap)).Message, StringComparison.Ordinal);
        using var wide = new CsrMatrix(1, 65_537, [0, 1], [65_536], [1f]);
        Assert.Contains("at most 65536", Assert.Throws<ArgumentException>(() => new DeviceInference(device, [wide], [[0f]], Cap)).Message, StringComparison.Ordinal);
        using var inference = new DeviceInference(device, [w], [[0f]], Cap);
        Assert.Throws<ArgumentException>(() => inference.Run([1, 2, 3], 2));
    }

    internal static void RunSmall(string argument)
    {
        var weights = new[] { Exact(Matrix(9, 10, 0.4, seed: 1)), Exact(Matrix(7, 9, 0.4, seed: 2)) };
        var biases = weights.Select(w => new float[w.Rows]).ToArray();
        var bits = Bits(11, 1, 10);
        using var inference = new DeviceInference(GpuDevice.Choose("opencl"), weights, biases, Cap, new FusedShape(4, 4, 2, 4, 1));
        Assert.Equal(Reference(weights, biases, bits, 1).Survivors, inference.Run(bits, 1));
        Console.WriteLine("as the reference" + argument);
    }

    // Weights of few bits: sums are exact, and no rounding decides what is above 0.
    private static CsrMatrix Exact(CsrMatrix w)
    {
        for (var k = 0L; k < w.Nnz; k++)
        {
            w.Values[k] = MathF.Round(w.Values[k] * 16) / 16;
        }

        return w;
    }

    private static ulong[] Bits(int rows, int words, int width, double share = 0.3)
    {
        var random = RandomStream.For(5, RandomPurpose.GeneratedData);
        var bits = new ulong[rows * words];
        for (var row = 0; row < rows; row++)
        {
            for (var feature = 0; feature < width; feature++)
            {
                // Later inputs are emptier: some die at once, others never.
                bits[(row * words) + (feature / 64)] |= random.NextDouble() < 2 * share * row / rows ? 1UL << (feature % 64) : 0;
            }
        }

        return bits;
    }

    private static (int[] Survivors, long[] Active) Reference(CsrMatrix[] weights, float[][] biases, ulong[] bits, int words)
    {
        var (survivors, active) = (new List<int>(), new long[weights.Length]);
        for (var row = 0; row < bits.Length / words; row++)
        {
            var x = Enumerable.Range(0, weights[0].Columns).Select(f => (bits[(row * words) + (f / 64)] >> (f % 64)) & 1).Select(bit => (double)bit).ToArray();
            var isAlive = true;
            for (var l = 0; l < weights.Length && isAlive; l++)
            {
                active[l]++;
                x = Apply(weights[l], biases[l], x);
                isAlive = x.Any(value => value > 0);
            }

            if (isAlive)
            {
                survivors.Add(row);
            }
        }

        return ([.. survivors], active);
    }

    private static double[] Apply(CsrMatrix w, float[] bias, double[] x)
    {
        var y = new double[w.Rows];
        for (var row = 0; row < w.Rows; row++)
        {
            double sum = bias[row];
            for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1L]; k++)
            {
                sum += (double)w.Values[k] * x[w.ColumnIndices[k]];
            }

            y[row] = Math.Min(Cap, Math.Max(0, sum));
        }

        return y;
    }
}
