using System.Runtime.CompilerServices;

namespace SparseService.Engine.Kernels;

/// <summary>Sums of all connections in the order of <see cref="Sparse.ColumnGroups"/>, and where each row's are among them.</summary>
internal readonly unsafe struct GroupedGradient(long* offsets, int* places, float* sums)
{
    public (long First, long End) Of(int firstRow, int endRow) => (offsets[firstRow], offsets[endRow]);

    /// <summary>Brings sums into the order of the rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Gather(long first, int count, float* target)
    {
        var place = places + first;
        var source = sums;
        for (var index = 0; index < count; index++)
        {
            target[index] = source[place[index]];
        }
    }
}

/// <summary>Hands the sums that <see cref="BackwardProduct{TLanes}"/> has left to a sink, row by row: in the same stretches as
/// <see cref="WeightGradientProduct{TLanes, TSink}"/>, so that the norm is added up in the same order.</summary>
internal unsafe struct GroupedUpdate<TSink>(RowBlocks blocks, GroupedGradient gradient, TSink sink, double* squares) : IBlockWork
    where TSink : unmanaged, IGradientSink
{
    // 16 KiB on the stack.
    private const int Stretch = 4096;

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Execute(int block)
    {
        var sums = stackalloc float[Stretch];
        var (first, end) = gradient.Of(blocks.FirstRow(block), blocks.EndRow(block));
        var sum = 0.0;
        for (; first < end; first += Stretch)
        {
            var count = (int)Math.Min(Stretch, end - first);
            gradient.Gather(first, count, sums);
            sum += sink.TakeAll(sums, first, count);
        }

        squares[block] = sum;
    }
}
