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
    /// <summary>Where the sums from connection <paramref name="first"/> on are wanted, or null to have them in
    /// <paramref name="scratch"/>.</summary>
    float* Target(long first, float* scratch);

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

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Execute(int block)
    {
        var scratch = stackalloc float[Stretch];
        var row = blocks.FirstRow(block);
        var end = offsets[blocks.EndRow(block)];
        var sum = 0.0;
        for (var first = offsets[row]; first < end;)
        {
            var count = (int)Math.Min(Stretch, end - first);
            var sums = sink.Target(first, scratch);
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
            row = firstRow;
            for (var t = first; ; row++)
            {
                var rowEnd = Math.Min(end, offsets[row + 1]);
                if (rowEnd > t)
                {
                    AddRow(row, t, rowEnd, sums + (t - first), strip, covered);
                    t = rowEnd;
                }

                if (t == end)
                {
                    break;
                }
            }

            covered = strip.End;
        }

        return row;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void AddRow(int row, long first, long end, float* sums, Strip strip, int covered)
    {
        var source = dY + ((long)row * batchSize) + strip.Start;
        var count = (int)(end - first);
        var skip = covered - strip.Start;
        switch (strip.Registers)
        {
            case 8:
                AddRow8(source, skip, columns + first, count, x + strip.Start, sums);
                break;
            case 4:
                AddRow4(source, skip, columns + first, count, x + strip.Start, sums);
                break;
            case 2:
                AddRow2(source, skip, columns + first, count, x + strip.Start, sums);
                break;
            default:
                AddRow1(source, skip, columns + first, count, x + strip.Start, sums);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void AddRow8(float* source, int skip, int* column, int count, float* xStrip, float* sums)
    {
        var (d0, d1, d2, d3) = (Part(source, 0, skip), Part(source, 1, skip), Part(source, 2, skip), Part(source, 3, skip));
        var (d4, d5, d6, d7) = (Part(source, 4, skip), Part(source, 5, skip), Part(source, 6, skip), Part(source, 7, skip));
        for (var done = 0; done < count; done += 4)
        {
            Sources(column + done, count - done, xStrip, out var pa, out var pb, out var pc, out var pd);
            var (a, b, c, d) = Multiply(d0, pa, pb, pc, pd);
            MultiplyAdd(d1, 1, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            MultiplyAdd(d2, 2, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            MultiplyAdd(d3, 3, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            MultiplyAdd(d4, 4, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            MultiplyAdd(d5, 5, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            MultiplyAdd(d6, 6, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            MultiplyAdd(d7, 7, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            Add(TLanes.SumFour(a, b, c, d), sums + done, count - done);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void AddRow4(float* source, int skip, int* column, int count, float* xStrip, float* sums)
    {
        var (d0, d1, d2, d3) = (Part(source, 0, skip), Part(source, 1, skip), Part(source, 2, skip), Part(source, 3, skip));
        for (var done = 0; done < count; done += 4)
        {
            Sources(column + done, count - done, xStrip, out var pa, out var pb, out var pc, out var pd);
            var (a, b, c, d) = Multiply(d0, pa, pb, pc, pd);
            MultiplyAdd(d1, 1, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            MultiplyAdd(d2, 2, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            MultiplyAdd(d3, 3, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            Add(TLanes.SumFour(a, b, c, d), sums + done, count - done);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void AddRow2(float* source, int skip, int* column, int count, float* xStrip, float* sums)
    {
        var (d0, d1) = (Part(source, 0, skip), Part(source, 1, skip));
        for (var done = 0; done < count; done += 4)
        {
            Sources(column + done, count - done, xStrip, out var pa, out var pb, out var pc, out var pd);
            var (a, b, c, d) = Multiply(d0, pa, pb, pc, pd);
            MultiplyAdd(d1, 1, pa, pb, pc, pd, ref a, ref b, ref c, ref d);
            Add(TLanes.SumFour(a, b, c, d), sums + done, count - done);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void AddRow1(float* source, int skip, int* column, int count, float* xStrip, float* sums)
    {
        var d0 = Part(source, 0, skip);
        for (var done = 0; done < count; done += 4)
        {
            Sources(column + done, count - done, xStrip, out var pa, out var pb, out var pc, out var pd);
            var (a, b, c, d) = Multiply(d0, pa, pb, pc, pd);
            Add(TLanes.SumFour(a, b, c, d), sums + done, count - done);
        }
    }

    /// <summary>One register of the row of dY, with 0 in the samples that an earlier strip has covered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Part(float* source, int register, int skip)
    {
        var part = TLanes.Load(source + (register * TLanes.Count));
        if (skip == 0)
        {
            return part;
        }

        var sample = TLanes.AddBits(TLanes.RampBits, TLanes.BroadcastBits((uint)(register * TLanes.Count)));
        return TLanes.IfLessBits(sample, TLanes.BroadcastBits((uint)skip), TLanes.Broadcast(0), part);
    }

    /// <summary>The rows of X of four connections; behind the last connection, the last one again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Sources(int* column, int left, float* xStrip, out float* a, out float* b, out float* c, out float* d)
    {
        var last = left - 1;
        a = Row(column[0], xStrip);
        b = Row(column[Math.Min(1, last)], xStrip);
        c = Row(column[Math.Min(2, last)], xStrip);
        d = Row(column[Math.Min(3, last)], xStrip);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float* Row(int column, float* xStrip) => xStrip + ((long)column * batchSize);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (TLanes A, TLanes B, TLanes C, TLanes D) Multiply(TLanes part, float* a, float* b, float* c, float* d) =>
        (part * TLanes.Load(a), part * TLanes.Load(b), part * TLanes.Load(c), part * TLanes.Load(d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAdd(
        TLanes part, int register, float* pa, float* pb, float* pc, float* pd, ref TLanes a, ref TLanes b, ref TLanes c, ref TLanes d)
    {
        a = TLanes.MultiplyAdd(part, TLanes.Load(pa + (register * TLanes.Count)), a);
        b = TLanes.MultiplyAdd(part, TLanes.Load(pb + (register * TLanes.Count)), b);
        c = TLanes.MultiplyAdd(part, TLanes.Load(pc + (register * TLanes.Count)), c);
        d = TLanes.MultiplyAdd(part, TLanes.Load(pd + (register * TLanes.Count)), d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Vector128<float> four, float* sums, int left)
    {
        if (left >= 4)
        {
            (Vector128.Load(sums) + four).Store(sums);
            return;
        }

        for (var index = 0; index < left; index++)
        {
            sums[index] += four[index];
        }
    }
}
