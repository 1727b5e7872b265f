using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// The loop under both sparse products:  OUT[i,·] = finish( start(i) + Σ_t weight(t)·IN[source(t),·] ),  t over the connections
// of row i
//
// One output row at a time, a strip of the minibatch in registers, so that OUT is written once and never read. Strips of the
// full width come
// outermost: what they read of IN stays in the second-level cache for all rows of the block.

/// <summary>Where a connection's weight stands.</summary>
internal interface IConnectionWeights
{
    float this[long connection] { get; }
}

/// <summary>What a row's sum starts from and what becomes of it.</summary>
internal unsafe interface IRowFinish
{
    float Start(int row);

    /// <summary>Finishes sums where they stand. Kept apart from the sums' loop, whose registers its own values would push out
    /// to memory.</summary>
    /// <param name="index">Of the first lane in the output buffer.</param>
    void Finish<T>(float* sums, long index)
        where T : unmanaged, ILanes<T>;
}

internal unsafe struct GatherProduct<TLanes, TWeights, TFinish>(
    RowBlocks blocks, long* offsets, int* sources, TWeights weights, float* input, float* output, int batchSize, TFinish finish)
    : IBlockWork
    where TLanes : unmanaged, ILanes<TLanes>
    where TWeights : unmanaged, IConnectionWeights
    where TFinish : unmanaged, IRowFinish
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Execute(int block)
    {
        var (first, end) = (blocks.FirstRow(block), blocks.EndRow(block));
        var covered = 0;
        for (; batchSize - covered >= Strip.MostRegisters * TLanes.Count; covered += Strip.MostRegisters * TLanes.Count)
        {
            for (var row = first; row < end; row++)
            {
                Row8(row, covered);
                Finish(row, covered, Strip.MostRegisters);
            }
        }

        for (var row = first; row < end && covered < batchSize; row++)
        {
            for (var done = covered; done < batchSize;)
            {
                var strip = Strip.After(done, batchSize, TLanes.Count);
                RowStrip(row, strip);
                Finish(row, strip.Start, strip.Registers);
                done = strip.End;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void RowStrip(int row, Strip strip)
    {
        switch (strip.Registers)
        {
            case 8:
                Row8(row, strip.Start);
                break;
            case 4:
                Row4(row, strip.Start);
                break;
            case 2:
                Row2(row, strip.Start);
                break;
            default:
                Row1(row, strip.Start);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Finish(int row, int start, int registers)
    {
        var index = ((long)row * batchSize) + start;
        for (var end = index + (registers * TLanes.Count); index < end; index += TLanes.Count)
        {
            finish.Finish<TLanes>(output + index, index);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Row8(int row, int start)
    {
        var a0 = TLanes.Broadcast(finish.Start(row));
        var (a1, a2, a3, a4, a5, a6, a7) = (a0, a0, a0, a0, a0, a0, a0);
        var end = offsets[row + 1];
        for (var t = offsets[row]; t < end; t++)
        {
            var source = input + ((long)sources[t] * batchSize) + start;
            var weight = TLanes.Broadcast(weights[t]);
            a0 = TLanes.MultiplyAdd(weight, TLanes.Load(source), a0);
            a1 = TLanes.MultiplyAdd(weight, TLanes.Load(source + TLanes.Count), a1);
            a2 = TLanes.MultiplyAdd(weight, TLanes.Load(source + (2 * TLanes.Count)), a2);
            a3 = TLanes.MultiplyAdd(weight, TLanes.Load(source + (3 * TLanes.Count)), a3);
            a4 = TLanes.MultiplyAdd(weight, TLanes.Load(source + (4 * TLanes.Count)), a4);
            a5 = TLanes.MultiplyAdd(weight, TLanes.Load(source + (5 * TLanes.Count)), a5);
            a6 = TLanes.MultiplyAdd(weight, TLanes.Load(source + (6 * TLanes.Count)), a6);
            a7 = TLanes.MultiplyAdd(weight, TLanes.Load(source + (7 * TLanes.Count)), a7);
        }

        var sums = output + ((long)row * batchSize) + start;
        TLanes.Store(a0, sums);
        TLanes.Store(a1, sums + TLanes.Count);
        TLanes.Store(a2, sums + (2 * TLanes.Count));
        TLanes.Store(a3, sums + (3 * TLanes.Count));
        TLanes.Store(a4, sums + (4 * TLanes.Count));
        TLanes.Store(a5, sums + (5 * TLanes.Count));
        TLanes.Store(a6, sums + (6 * TLanes.Count));
        TLanes.Store(a7, sums + (7 * TLanes.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Row4(int row, int start)
    {
        var a0 = TLanes.Broadcast(finish.Start(row));
        var (a1, a2, a3) = (a0, a0, a0);
        var end = offsets[row + 1];
        for (var t = offsets[row]; t < end; t++)
        {
            var source = input + ((long)sources[t] * batchSize) + start;
            var weight = TLanes.Broadcast(weights[t]);
            a0 = TLanes.MultiplyAdd(weight, TLanes.Load(source), a0);
            a1 = TLanes.MultiplyAdd(weight, TLanes.Load(source + TLanes.Count), a1);
            a2 = TLanes.MultiplyAdd(weight, TLanes.Load(source + (2 * TLanes.Count)), a2);
            a3 = TLanes.MultiplyAdd(weight, TLanes.Load(source + (3 * TLanes.Count)), a3);
        }

        var sums = output + ((long)row * batchSize) + start;
        TLanes.Store(a0, sums);
        TLanes.Store(a1, sums + TLanes.Count);
        TLanes.Store(a2, sums + (2 * TLanes.Count));
        TLanes.Store(a3, sums + (3 * TLanes.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Row2(int row, int start)
    {
        var a0 = TLanes.Broadcast(finish.Start(row));
        var a1 = a0;
        var end = offsets[row + 1];
        for (var t = offsets[row]; t < end; t++)
        {
            var source = input + ((long)sources[t] * batchSize) + start;
            var weight = TLanes.Broadcast(weights[t]);
            a0 = TLanes.MultiplyAdd(weight, TLanes.Load(source), a0);
            a1 = TLanes.MultiplyAdd(weight, TLanes.Load(source + TLanes.Count), a1);
        }

        var sums = output + ((long)row * batchSize) + start;
        TLanes.Store(a0, sums);
        TLanes.Store(a1, sums + TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Row1(int row, int start)
    {
        var a0 = TLanes.Broadcast(finish.Start(row));
        var end = offsets[row + 1];
        for (var t = offsets[row]; t < end; t++)
        {
            a0 = TLanes.MultiplyAdd(TLanes.Broadcast(weights[t]), TLanes.Load(input + ((long)sources[t] * batchSize) + start), a0);
        }

        TLanes.Store(a0, output + ((long)row * batchSize) + start);
    }
}
