using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// The loop under the bias gradient:  g[i] = Σ_b dY[i,b]

internal unsafe struct RowSums<TLanes, TSink>(int rows, int batchSize, float* dY, TSink sink, double* squares) : IBlockWork
    where TLanes : unmanaged, ILanes<TLanes>
    where TSink : unmanaged, IGradientSink
{
    // A block is worth a second thread's while.
    private const long BlockNumbers = 1 << 18;
    private const int Stretch = 512;

    /// <summary>A function of the shape alone: sums over blocks are the same for any number of threads.</summary>
    public readonly int Blocks => (int)Math.Clamp((long)rows * batchSize / BlockNumbers, 1, RowBlocks.MostBlocks);

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Execute(int block)
    {
        var sums = stackalloc float[Stretch];
        var end = (int)((long)rows * (block + 1) / Blocks);
        var total = 0.0;
        for (var first = (int)((long)rows * block / Blocks); first < end; first += Stretch)
        {
            var count = Math.Min(Stretch, end - first);
            for (var row = 0; row < count; row++)
            {
                sums[row] = Sum(dY + ((long)(first + row) * batchSize), batchSize);
            }

            total += sink.TakeAll(sums, first, count);
        }

        squares[block] = total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Sum(float* values, int count)
    {
        var (even, odd) = (TLanes.Broadcast(0), TLanes.Broadcast(0));
        var done = 0;
        for (; done <= count - (2 * TLanes.Count); done += 2 * TLanes.Count)
        {
            even += TLanes.Load(values + done);
            odd += TLanes.Load(values + done + TLanes.Count);
        }

        for (; done <= count - TLanes.Count; done += TLanes.Count)
        {
            even += TLanes.Load(values + done);
        }

        var sum = TLanes.Sum(even + odd);
        for (; done < count; done++)
        {
            sum += values[done];
        }

        return sum;
    }
}
