using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// The loop under the weight gradient:  g[t] = Σ_b dY[row(t),b]·X[column(t),b]  for a stretch of stored connections
//
// A strip of the row of dY is held in registers while the row's connections pass, four at a time so that their horizontal sums
// share instructions.

internal unsafe struct WeightGradientProduct<TLanes, TRows, TSink>(
    RowBlocks blocks, long* offsets, int* columns, TRows x, float* dY, int batchSize, TSink sink, double* squares) : IBlockWork
    where TLanes : unmanaged, ILanes<TLanes>
    where TRows : unmanaged, ISourceRows
    where TSink : unmanaged, IGradientSink
{
    // 16 KiB of sums on the stack.
    private const int Stretch = 4096;
    private const int Group = 4;

    // Connections whose inputs are on their way from memory while others are summed (measured as in GatherProduct: 14.3 → 3.4 ns).
    private const int GroupsAhead = 32 * Group;

    private Pass pass;
    private float* gradient;
    private bool isFar;

    /// <summary>Where X is larger than the second-level cache, passes over strips of samples and tiles of columns, see
    /// <see cref="GatherProduct{TLanes,TRows,TWeights,TFinish}"/>, add up in a scratch gradient; a layer too large for that takes its chances.</summary>
    /// <param name="columnCount">Rows of X.</param>
    public void Run(ThreadTeam team, TilePlan plan, int columnCount, Scratch<float> scratch)
    {
        isFar = plan.IsFar(columnCount, batchSize, TRows.ElementSize);
        var firstStrip = Strip.After(0, batchSize, TLanes.Count).End;
        var isOnePass = batchSize == 1 || plan.Holds(columnCount, batchSize, TRows.ElementSize) || (firstStrip == batchSize && Tiles(plan, columnCount, batchSize) == 1);
        if (isOnePass || blocks.Connections > plan.MostScratch)
        {
            team.Run(ref this, blocks.Count);
            return;
        }

        var sums = scratch.Take(blocks.Connections + ((long)blocks.Count * Group));
        gradient = sums.Pointer;
        for (var sample = 0; sample < batchSize; sample = pass.EndSample)
        {
            var end = Strip.After(sample, batchSize, TLanes.Count).End;
            var tiles = Tiles(plan, columnCount, end - sample);
            for (var tile = 0; tile < tiles; tile++)
            {
                pass = new Pass(sample, end, tile, tiles);
                team.Run(ref this, blocks.Count);
            }
        }

        scratch.GiveBack(sums);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Execute(int block)
    {
        var (row, endRow) = (blocks.FirstRow(block), blocks.EndRow(block));
        var (first, end) = (offsets[row], offsets[endRow]);
        if (gradient != null)
        {
            ExecutePass(block, row, endRow);
            return;
        }

        var sums = stackalloc float[Stretch + Group];
        var sum = 0.0;
        while (first < end)
        {
            var count = (int)Math.Min(Stretch, end - first);
            new Span<float>(sums, count).Clear();
            var next = row;
            if (batchSize == 1)
            {
                next = OfOneSample(row, first, first + count, sums);
            }

            for (var covered = 0; covered < batchSize && batchSize > 1;)
            {
                var strip = Strip.After(covered, batchSize, TLanes.Count);
                next = Add<Pass.WholeRows>(row, endRow, first, first + count, sums, strip);
                covered = strip.End;
            }

            row = next;
            sum += sink.TakeAll(sums, first, count);
            first += count;
        }

        squares[block] = sum;
    }

    private readonly int Tiles(TilePlan plan, int columnCount, int samples) =>
        plan.TilesOf(blocks.Rows, columnCount, blocks.Connections, (long)samples * TRows.ElementSize);

    private void ExecutePass(int block, int row, int endRow)
    {
        var (first, end) = (offsets[row], offsets[endRow]);

        // A group may reach behind its block: that is nobody else's.
        var sums = gradient + (first - offsets[0]) + ((long)block * Group);
        if (pass.FirstSample == 0 && pass.IsFirst)
        {
            new Span<float>(sums, (int)(end - first)).Clear();
        }

        var isLast = pass.IsLast && pass.EndSample == batchSize;
        Add<Pass.PartsOfRows>(row, endRow, first, end, sums, Strip.After(pass.FirstSample, batchSize, TLanes.Count));
        if (isLast)
        {
            squares[block] = sink.TakeAll(sums, first, (int)(end - first));
        }
    }

    private int Add<TKind>(int row, int endRow, long first, long end, float* sums, Strip strip)
        where TKind : Pass.IKind => strip.Registers switch
        {
            8 => AddRows<Registers8, TKind>(row, endRow, first, end, sums, strip),
            7 => AddRows<Registers7, TKind>(row, endRow, first, end, sums, strip),
            6 => AddRows<Registers6, TKind>(row, endRow, first, end, sums, strip),
            5 => AddRows<Registers5, TKind>(row, endRow, first, end, sums, strip),
            4 => AddRows<Registers4, TKind>(row, endRow, first, end, sums, strip),
            3 => AddRows<Registers3, TKind>(row, endRow, first, end, sums, strip),
            2 => AddRows<Registers2, TKind>(row, endRow, first, end, sums, strip),
            _ => AddRows<Registers1, TKind>(row, endRow, first, end, sums, strip),
        };

    // One product for each connection, nothing to add up (measured, 784-1000³-10: 1.2 → 4 GFLOP/s).
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly int OfOneSample(int row, long t, long end, float* sums)
    {
        var column = columns;
        var sample = x;
        for (; ; row++)
        {
            var d = dY[row];
            for (var rowEnd = Math.Min(end, offsets[row + 1]); t < rowEnd; t++, sums++)
            {
                var c = column[t];
                var raw = TRows.Load<Lanes1>(sample.Start, c).Value;
                *sums = d * (TRows.IsAffine ? float.MultiplyAddEstimate(raw, sample.Scale[c], sample.Offset[c]) : raw);
            }

            if (t == end)
            {
                return row;
            }
        }
    }

    // Adds to sums, which begin with connection first. Of whole rows, returns the row in which the connections end; of parts of rows, takes
    // those of the pass.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private int AddRows<TRegisters, TKind>(int row, int endRow, long first, long end, float* sums, Strip strip)
        where TRegisters : IRegisters
        where TKind : Pass.IKind
    {
        var column = columns;
        var stride = (long)batchSize * TRows.ElementSize;
        var last = (long)strip.Last;
        var xStrip = x.Start + ((long)strip.Start * TRows.ElementSize);
        var rows = x;
        var far = isFar;
        var part = pass;
        var lastAhead = offsets[blocks.Rows] - GroupsAhead - Group;
        for (; row < endRow; row++)
        {
            var t = Math.Max(first, offsets[row]);
            var rowEnd = Math.Min(end, offsets[row + 1]);
            if (!TKind.IsWhole)
            {
                (t, rowEnd) = part.Of(t, rowEnd);
            }

            var sum = sums + (t - first);
            var source = dY + ((long)row * batchSize) + strip.Start;
            var d0 = Part<TRegisters>(source, strip, 0);
            var d1 = Part<TRegisters>(source, strip, 1);
            var d2 = Part<TRegisters>(source, strip, 2);
            var d3 = Part<TRegisters>(source, strip, 3);
            var d4 = Part<TRegisters>(source, strip, 4);
            var d5 = Part<TRegisters>(source, strip, 5);
            var d6 = Part<TRegisters>(source, strip, 6);
            var d7 = Part<TRegisters>(source, strip, 7);
            var rowSum = TRows.IsAffine ? Sum<TRegisters>(d0, d1, d2, d3, d4, d5, d6, d7) : 0;
            for (; t < rowEnd; t += Group, sum += Group)
            {
                if (far && t < lastAhead)
                {
                    Prefetch(xStrip, column + t + GroupsAhead, stride);
                }

                // Behind the row's last connection, that one again. A loop of whole groups with a remainder behind it is too much for
                // the compiler to inline (measured: 90 → 63 GFLOP/s).
                var most = rowEnd - 1;
                var (ca, cb, cc, cd) = (column[t], column[AtMost(t + 1, most)], column[AtMost(t + 2, most)], column[AtMost(t + 3, most)]);
                var pa = xStrip + (ca * stride);
                var pb = xStrip + (cb * stride);
                var pc = xStrip + (cc * stride);
                var pd = xStrip + (cd * stride);
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
                var products = OfNumbers(TLanes.SumFour(a, b, c, d), rowSum, rows, ca, cb, cc, cd);
                (Vector128.Load(sum) + (products & wanted.AsSingle())).Store(sum);
            }

            if (TKind.IsWhole && rowEnd == end)
            {
                break;
            }
        }

        return row;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* xStrip, int* column, long stride)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(xStrip + (column[0] * stride));
            Sse.Prefetch0(xStrip + (column[1] * stride));
            Sse.Prefetch0(xStrip + (column[2] * stride));
            Sse.Prefetch0(xStrip + (column[3] * stride));
        }
    }

    /// <summary>Of bytes, Σ dY·(scale·raw + offset) = scale·Σ dY·raw + offset·Σ dY for four columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> OfNumbers(Vector128<float> products, float rowSum, in TRows rows, int a, int b, int c, int d)
    {
        if (!TRows.IsAffine)
        {
            return products;
        }

        var scale = Vector128.Create(rows.Scale[a], rows.Scale[b], rows.Scale[c], rows.Scale[d]);
        var offset = Vector128.Create(rows.Offset[a], rows.Offset[b], rows.Offset[c], rows.Offset[d]);
        return Vector128.MultiplyAddEstimate(products, scale, offset * rowSum);
    }

    // Math.Min, but never compiled to a jump, which would go the unexpected way at the end of most rows (measured: 8 samples 14 → 16
    // GFLOP/s, in tiles 72 → 75).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long AtMost(long value, long most) => value + ((most - value) & ((most - value) >> 63));

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

    /// <summary>Sum of the registers, pair by pair; those that are not used are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum<TRegisters>(TLanes d0, TLanes d1, TLanes d2, TLanes d3, TLanes d4, TLanes d5, TLanes d6, TLanes d7)
        where TRegisters : IRegisters =>
        TLanes.Sum(TRegisters.Count <= 4 ? (d0 + d1) + (d2 + d3) : ((d0 + d1) + (d2 + d3)) + ((d4 + d5) + (d6 + d7)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRegisters>(
        TLanes part, int register, long last, byte* pa, byte* pb, byte* pc, byte* pd, ref TLanes a, ref TLanes b, ref TLanes c, ref TLanes d)
        where TRegisters : IRegisters
    {
        if (register < TRegisters.Count)
        {
            var place = register < TRegisters.Count - 1 ? register * TLanes.Count : last;
            a = TLanes.MultiplyAdd(part, TRows.Load<TLanes>(pa, place), a);
            b = TLanes.MultiplyAdd(part, TRows.Load<TLanes>(pb, place), b);
            c = TLanes.MultiplyAdd(part, TRows.Load<TLanes>(pc, place), c);
            d = TLanes.MultiplyAdd(part, TRows.Load<TLanes>(pd, place), d);
        }
    }
}
