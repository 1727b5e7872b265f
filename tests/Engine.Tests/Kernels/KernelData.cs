using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>Shapes, random operands and the one comparison that the kernel tests share.</summary>
internal static class KernelData
{
    // Both sides of every register width, its multiples and its remainders.
    public static readonly int[] BatchSizes =
        [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 23, 31, 32, 33, 48, 63, 64, 65, 100, 127, 128, 129, 300];

    // No connection at all, some, half, and every one.
    public static readonly double[] Densities = [0, 0.08, 0.5, 1];

    public static TheoryData<string> Backends => new(Backend.Available);

    public static TheoryData<string, int, double> Shapes()
    {
        var shapes = new TheoryData<string, int, double>();
        foreach (var backend in Backend.Available)
        {
            foreach (var batchSize in BatchSizes)
            {
                foreach (var density in Densities)
                {
                    shapes.Add(backend, batchSize, density);
                }
            }
        }

        return shapes;
    }

    public static CsrMatrix Matrix(int rows, int columns, double density, ulong seed)
    {
        var random = RandomStream.For(seed, RandomPurpose.Topology);
        var offsets = new long[rows + 1];
        var indices = new List<int>();
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                if (random.NextDouble() < density)
                {
                    indices.Add(column);
                }
            }

            offsets[row + 1] = indices.Count;
        }

        return new CsrMatrix(rows, columns, offsets, [.. indices], Vector(indices.Count, seed));
    }

    public static float[] Vector(int length, ulong seed)
    {
        var random = RandomStream.For(seed, RandomPurpose.Weights);
        var values = new float[length];
        for (var index = 0; index < length; index++)
        {
            values[index] = (float)random.NextDouble(-1, 1);
        }

        return values;
    }

    public static DeviceBuffer<float> Buffer(float[] values)
    {
        var buffer = new DeviceBuffer<float>(values.Length);
        values.CopyTo(buffer.Span);
        return buffer;
    }

    /// <summary>The weight of every pair, 0 where there is none: [row·columns + column].</summary>
    public static double[] Dense(CsrMatrix w)
    {
        var dense = new double[w.Rows * w.Columns];
        for (var row = 0; row < w.Rows; row++)
        {
            for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1]; k++)
            {
                dense[(row * w.Columns) + w.ColumnIndices[k]] = w.Values[k];
            }
        }

        return dense;
    }

    /// <summary>Normalised mean squared error over the whole tensor; a NaN anywhere fails.</summary>
    public static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance = 1e-6)
    {
        Assert.Equal(expected.Length, actual.Length);
        var (error, size) = (0.0, 0.0);
        for (var index = 0; index < expected.Length; index++)
        {
            error += (expected[index] - actual[index]) * (expected[index] - actual[index]);
            size += expected[index] * expected[index];
        }

        var limit = tolerance * tolerance * Math.Max(size, 1e-12);
        Assert.True(error <= limit, $"squared error {error} of {size}; allowed: {limit}");
    }

    public static uint[] Bits(ReadOnlySpan<float> values)
    {
        var bits = new uint[values.Length];
        for (var index = 0; index < values.Length; index++)
        {
            bits[index] = BitConverter.SingleToUInt32Bits(values[index]);
        }

        return bits;
    }
}
