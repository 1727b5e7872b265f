using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// The loop under both sparse products:  OUT[i,·] = finish( start(i) + Σ_t weight(t)·IN[source(t),·] ),  t over the connections
// of row i
//
// One output row at a time, a strip of the minibatch in registers, so that OUT is written once and never read. Strips come
// outermost: what they read of IN stays in the second-level cache for all rows of the block.

/// <summary>Where a connection's weight stands.</summary>
internal interface IConnectionWeights
{
    float this[long connection] { get; }
}

/// <summary>What a row's sum starts from and what becomes of it.</summary>
internal interface IRowFinish
{
    float Start(int row);

    /// <summary>What is stored for a sum.</summary>
    /// <param name="index">Of the first lane in the output buffer.</param>
    T Finish<T>(T sum, long index)
        where T : unmanaged, ILanes<T>;
}

internal unsafe struct GatherProduct<TLanes, TWeights, TFinish>(
    RowBlocks blocks, long* offsets, int* sources, TWeights weights, float* input, float* output, int batchSize, TFinish finish)
    : IBlockWork
    where TLanes : unmanaged, ILanes<TLanes>
    where TWeights : unmanaged, IConnectionWeights
    where TFinish : unmanaged, IRowFinish
{
    // 4 KiB or 8 of sums.
    private const int RowsAtATime = 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Execute(int block)
    {
        var (first, end) = (blocks.FirstRow(block), blocks.EndRow(block));
        for (var covered = 0; covered < batchSize;)
        {
            var strip = Strip.After(covered, batchSize, TLanes.Count);
            switch (strip.Registers)
            {
                case 8:
                    Rows<Registers8>(first, end, strip);
                    break;
                case 7:
                    Rows<Registers7>(first, end, strip);
                    break;
                case 6:
                    Rows<Registers6>(first, end, strip);
                    break;
                case 5:
                    Rows<Registers5>(first, end, strip);
                    break;
                case 4:
                    Rows<Registers4>(first, end, strip);
                    break;
                case 3:
                    Rows<Registers3>(first, end, strip);
                    break;
                case 2:
                    Rows<Registers2>(first, end, strip);
                    break;
                default:
                    Rows<Registers1>(first, end, strip);
                    break;
            }

            covered = strip.End;
        }
    }

    // Rows of sums are finished some at a time, while they are in the first-level cache: what that needs would push the sums' loop out
    // of its registers, and a call for each row costs more than it does (measured: 80 → 100 GFLOP/s).
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Rows<TRegisters>(int first, int end, Strip strip)
        where TRegisters : IRegisters
    {
        for (var row = first; row < end; row += RowsAtATime)
        {
            var next = Math.Min(end, row + RowsAtATime);
            Sums<TRegisters>(row, next, strip);
            Finish<TRegisters>(row, next, strip);
        }
    }

    // Everything that the loop needs is a local: fields would be read anew for each connection.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Sums<TRegisters>(int first, int end, Strip strip)
        where TRegisters : IRegisters
    {
        var column = sources;
        var weight = weights;
        var strideBytes = (long)batchSize * sizeof(float);
        var start = (byte*)(input + strip.Start);
        var last = (long)strip.Last;
        for (var row = first; row < end; row++)
        {
            var a0 = TLanes.Broadcast(finish.Start(row));
            var (a1, a2, a3, a4, a5, a6, a7) = (a0, a0, a0, a0, a0, a0, a0);
            var rowEnd = offsets[row + 1];
            for (var t = offsets[row]; t < rowEnd; t++)
            {
                var source = (float*)(start + (column[t] * strideBytes));
                var w = TLanes.Broadcast(weight[t]);
                Add<TRegisters>(w, source, last, 0, ref a0);
                Add<TRegisters>(w, source, last, 1, ref a1);
                Add<TRegisters>(w, source, last, 2, ref a2);
                Add<TRegisters>(w, source, last, 3, ref a3);
                Add<TRegisters>(w, source, last, 4, ref a4);
                Add<TRegisters>(w, source, last, 5, ref a5);
                Add<TRegisters>(w, source, last, 6, ref a6);
                Add<TRegisters>(w, source, last, 7, ref a7);
            }

            var sums = output + ((long)row * batchSize) + strip.Start;
            Store<TRegisters>(a0, sums, last, 0);
            Store<TRegisters>(a1, sums, last, 1);
            Store<TRegisters>(a2, sums, last, 2);
            Store<TRegisters>(a3, sums, last, 3);
            Store<TRegisters>(a4, sums, last, 4);
            Store<TRegisters>(a5, sums, last, 5);
            Store<TRegisters>(a6, sums, last, 6);
            Store<TRegisters>(a7, sums, last, 7);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRegisters>(TLanes weight, float* source, long last, int register, ref TLanes sum)
        where TRegisters : IRegisters
    {
        if (register < TRegisters.Count)
        {
            sum = TLanes.MultiplyAdd(weight, TLanes.Load(source + Place<TRegisters>(register, last)), sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TRegisters>(TLanes sum, float* sums, long last, int register)
        where TRegisters : IRegisters
    {
        if (register < TRegisters.Count)
        {
            TLanes.Store(sum, sums + Place<TRegisters>(register, last));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Place<TRegisters>(int register, long last)
        where TRegisters : IRegisters => register < TRegisters.Count - 1 ? register * TLanes.Count : last;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Finish<TRegisters>(int first, int end, Strip strip)
        where TRegisters : IRegisters
    {
        // A copy: the compiler knows that nothing else changes it.
        var rule = finish;
        for (var row = first; row < end; row++)
        {
            var index = ((long)row * batchSize) + strip.Start;
            var lastIndex = index + strip.Last;

            // Read before another register finishes what the two have in common.
            var lastSum = TLanes.Load(output + lastIndex);
            for (var register = 1; register < TRegisters.Count; register++, index += TLanes.Count)
            {
                TLanes.Store(rule.Finish(TLanes.Load(output + index), index), output + index);
            }

            TLanes.Store(rule.Finish(lastSum, lastIndex), output + lastIndex);
        }
    }
}
