using SparseService.Engine;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.DeviceCheck;

internal static class RandomLayer
{
    /// <summary>So many different inputs for each row, drawn anew; values within ±1/√fanIn.</summary>
    public static CsrMatrix Of(int rows, int columns, int fanIn, ulong seed)
    {
        var random = RandomStream.For(seed, RandomPurpose.Topology);
        var indices = new List<int>();
        var offsets = new long[rows + 1];
        for (var row = 0; row < rows; row++)
        {
            var chosen = new SortedSet<int>();
            while (chosen.Count < fanIn)
            {
                chosen.Add((int)(random.NextDouble() * columns));
            }

            indices.AddRange(chosen);
            offsets[row + 1] = indices.Count;
        }

        using var values = Buffer(indices.Count, seed + 100);
        return new CsrMatrix(rows, columns, offsets, [.. indices], [.. values.ToArray().Select(value => value / MathF.Sqrt(fanIn))]);
    }

    /// <summary>Numbers within ±1.</summary>
    public static DeviceBuffer<float> Buffer(int length, ulong seed)
    {
        var random = RandomStream.For(seed, RandomPurpose.Weights);
        var buffer = new DeviceBuffer<float>(length);
        for (var index = 0; index < length; index++)
        {
            buffer[index] = (float)random.NextDouble(-1, 1);
        }

        return buffer;
    }
}
