using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// The loop under the weight gradient:  g[t] = Σ_b dY[row(t),b]·X[column(t),b]  for a stretch of stored connections
//
// A strip of the row of dY is held in registers while the row's connections pass, four at a time so that their horizontal sums
// share instructions.

/// <summary>What becomes of the sums of a stretch of connections.</summary>
internal unsafe interface IGradientSink
{
    /// <summary>Takes sums, not yet divided by the batch size; returns the squared norm of the gradient.</summary>
    double Take<T>(float* sums, long first, int count)
        where T : unmanaged, ILanes<T>;
}

internal unsafe struct WeightGradientProduct<TLanes, TSink>(
    RowBlocks blocks, long* offsets, int* columns, float* x, float* dY, int batchSize, TSink sink, double* squares) : IBlockWork
    where TLanes : unmanaged, ILanes<TLanes>
    where TSink : unmanaged, IGradientSink
{
    // 16 KiB of scratch: for a minibatch of several strips, each strip of X is used by so many connections while it is in the
    // cache.
    private const int Stretch = 4096;
    private const int Group = 4;

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Execute(int block)
    {
        var sums = stackalloc float[Stretch + Group];
        var row = blocks.FirstRow(block);
        var end = offsets[blocks.EndRow(block)];
        var sum = 0.0;
        for (var first = offsets[row]; first < end;)
        {
            var count = (int)Math.Min(Stretch, end - first);
            new Span<float>(sums, count).Clear();
            row = AddStretch(row, first, first + count, sums);
            sum += sink.Take<TLanes>(sums, first, count);
            first += count;
        }

        squares[block] = sum;
    }

    // Returns the row in which the next stretch begins.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private int AddStretch(int firstRow, long first, long end, float* sums)
    {
        var row = firstRow;
        for (var covered = 0; covered < batchSize;)
        {
            var strip = Strip.After(covered, batchSize, TLanes.Count);
            row = strip.Registers switch
            {
                8 => AddRows<Registers8>(firstRow, first, end, sums, strip),
                7 => AddRows<Registers7>(firstRow, first, end, sums, strip),
                6 => AddRows<Registers6>(firstRow, first, end, sums, strip),
                5 => AddRows<Registers5>(firstRow, first, end, sums, strip),
                4 => AddRows<Registers4>(firstRow, first, end, sums, strip),
                3 => AddRows<Registers3>(firstRow, first, end, sums, strip),
                2 => AddRows<Registers2>(firstRow, first, end, sums, strip),
                _ => AddRows<Registers1>(firstRow, first, end, sums, strip),
            };
            covered = strip.End;
        }

        return row;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private int AddRows<TRegisters>(int row, long t, long end, float* sums, Strip strip)
        where TRegisters : IRegisters
    {
        var column = columns;
        var stride = (long)batchSize;
        var last = (long)strip.Last;
        var xStrip = x + strip.Start;
        for (; ; row++)
        {
            var source = dY + ((long)row * batchSize) + strip.Start;
            var d0 = Part<TRegisters>(source, strip, 0);
            var d1 = Part<TRegisters>(source, strip, 1);
            var d2 = Part<TRegisters>(source, strip, 2);
            var d3 = Part<TRegisters>(source, strip, 3);
            var d4 = Part<TRegisters>(source, strip, 4);
            var d5 = Part<TRegisters>(source, strip, 5);
            var d6 = Part<TRegisters>(source, strip, 6);
            var d7 = Part<TRegisters>(source, strip, 7);
            var rowEnd = Math.Min(end, offsets[row + 1]);
            for (; t < rowEnd; t += Group, sums += Group)
            {
                // Behind the row's last connection, that one again. A loop of whole groups with a remainder behind it is too much for
                // the compiler to inline (measured: 90 → 63 GFLOP/s).
                var most = rowEnd - 1;
                var pa = xStrip + (column[t] * stride);
                var pb = xStrip + (column[Math.Min(t + 1, most)] * stride);
                var pc = xStrip + (column[Math.Min(t + 2, most)] * stride);
                var pd = xStrip + (column[Math.Min(t + 3, most)] * stride);
                var (a, b, c, d) = (TLanes.Broadcast(0), TLanes.Broadcast(0), TLanes.Broadcast(0), TLanes.Broadcast(0));
                Add<TRegisters>(d0, 0, last, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
                Add<TRegisters>(d1, 1, last, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
                Add<TRegisters>(d2, 2, last, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
                Add<TRegisters>(d3, 3, last, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
                Add<TRegisters>(d4, 4, last, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
                Add<TRegisters>(d5, 5, last, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
                Add<TRegisters>(d6, 6, last, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
                Add<TRegisters>(d7, 7, last, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
                var wanted = Vector128.LessThan(Vector128<int>.Indices, Vector128.Create((int)(rowEnd - t)));
                (Vector128.Load(sums) + (TLanes.SumFour(a, b, c, d) & wanted.AsSingle())).Store(sums);
            }

            sums -= t - rowEnd;
            t = rowEnd;
            if (t == end)
            {
                return row;
            }
        }
    }

    /// <summary>One register of the row of dY; in the last one 0 for the samples that another register holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Part<TRegisters>(float* source, Strip strip, int register)
        where TRegisters : IRegisters
    {
        if (register >= TRegisters.Count)
        {
            return default;
        }

        if (register < TRegisters.Count - 1)
        {
            return TLanes.Load(source + (register * TLanes.Count));
        }

        var overlap = TLanes.BroadcastBits((uint)strip.Overlap(TLanes.Count));
        return TLanes.IfLessBits(TLanes.RampBits, overlap, TLanes.Broadcast(0), TLanes.Load(source + strip.Last));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRegisters>(
        TLanes part, int register, long last, float* pa, float* pb, float* pc, float* pd, ref TLanes a, ref TLanes b, ref TLanes c, ref TLanes d)
        where TRegisters : IRegisters
    {
        if (register < TRegisters.Count)
        {
            var place = register < TRegisters.Count - 1 ? register * TLanes.Count : last;
            a = TLanes.MultiplyAdd(part, TLanes.Load(pa + place), a);
            b = TLanes.MultiplyAdd(part, TLanes.Load(pb + place), b);
            c = TLanes.MultiplyAdd(part, TLanes.Load(pc + place), c);
            d = TLanes.MultiplyAdd(part, TLanes.Load(pd + place), d);
        }
    }
}
