using System.Numerics;

namespace SparseService.Engine.Kernels;

public abstract partial class Backend
{
    /// <summary>max |x_k| over the first <paramref name="count"/> values; 0 of none. The same bits in any order; of values that are not numbers it says nothing.</summary>
    internal float Largest(DeviceBuffer<float> values, long count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, values.Length);
        var largest = LargestCore(values, count);
        GC.KeepAlive(values);
        return largest;
    }

    private protected virtual unsafe float LargestCore(DeviceBuffer<float> values, long count)
    {
        var ofBlocks = stackalloc float[LargestWork.MostBlocks];
        var work = new LargestWork(values.Pointer, count, ofBlocks);
        RunBlocks(ref work, work.Blocks);
        return LargestOf(new ReadOnlySpan<float>(ofBlocks, work.Blocks));
    }

    private protected static float LargestOf(ReadOnlySpan<float> parts)
    {
        var largest = 0f;
        foreach (var part in parts)
        {
            largest = Math.Max(largest, part);
        }

        return largest;
    }
}

/// <param name="results">[block].</param>
internal readonly unsafe struct LargestWork(float* values, long count, float* results) : IBlockWork
{
    public const int MostBlocks = 64;

    private const long ShortestBlock = 1 << 14;

    private readonly long blockLength = Math.Max(ShortestBlock, (count + MostBlocks - 1) / MostBlocks);

    public int Blocks => (int)((count + blockLength - 1) / blockLength);

    public void Execute(int block)
    {
        var (k, end) = (block * blockLength, Math.Min(count, (block + 1) * blockLength));
        var (first, second) = (Vector<float>.Zero, Vector<float>.Zero);
        for (; k <= end - (2 * Vector<float>.Count); k += 2 * Vector<float>.Count)
        {
            first = Vector.Max(first, Vector.Abs(Vector.Load(values + k)));
            second = Vector.Max(second, Vector.Abs(Vector.Load(values + k + Vector<float>.Count)));
        }

        first = Vector.Max(first, second);
        var largest = 0f;
        for (var lane = 0; lane < Vector<float>.Count; lane++)
        {
            largest = Math.Max(largest, first[lane]);
        }

        for (; k < end; k++)
        {
            largest = Math.Max(largest, Math.Abs(values[k]));
        }

        results[block] = largest;
    }
}
