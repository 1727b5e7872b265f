using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// The loop under both sparse products:  OUT[i,·] = finish( start(i) + Σ_t weight(t)·IN[source(t),·] ),  t over the connections
// of row i
//
// One output row at a time, a strip of the minibatch in registers, so that OUT is written once. Where IN is larger than the second-level
// cache, strips come outermost, and tiles of the sources inside them; then OUT is read and written once for each tile. The order of a
// row's additions is the same on every way.

/// <summary>Where a connection's weight stands.</summary>
internal interface IConnectionWeights
{
    float this[long connection] { get; }

    /// <summary>Asks for a weight that stands at a random place.</summary>
    void Prefetch(long connection);
}

/// <summary>What a row's sum starts from and what becomes of it.</summary>
internal interface IRowFinish
{
    /// <summary>Whether sums go on from what stands in the output, instead of from <see cref="Start"/>.</summary>
    static virtual bool GoesOn => false;

    float Start(int row);

    /// <summary>What is stored for a sum.</summary>
    /// <param name="index">Of the first lane in the output buffer.</param>
    T Finish<T>(T sum, long index)
        where T : unmanaged, ILanes<T>;
}

internal unsafe struct GatherProduct<TLanes, TRows, TWeights, TFinish>(
    RowBlocks blocks, long* offsets, int* sources, TWeights weights, TRows input, float* output, int batchSize, TFinish finish)
    : IBlockWork
    where TLanes : unmanaged, ILanes<TLanes>
    where TRows : unmanaged, ISourceRows
    where TWeights : unmanaged, IConnectionWeights
    where TFinish : unmanaged, IRowFinish
{
    // 4 KiB or 8 of sums.
    private const int RowsAtATime = 16;

    // Rows whose inputs are on their way from memory while others are summed (measured, 1 M × 1 M neurons, 4 connections a row, 16 samples:
    // 9.3 → 4.3 ns a connection; 8 rows 5.4, 40 rows 4.7).
    private const int RowsAhead = 24;

    // Connections whose rows of bytes, two lines each, are on their way from the second-level cache (measured, 3072-1024 at 5 %: 345 → 305 µs,
    // the same for 4 to 32; rows of floats gain nothing).
    private const int ConnectionsAhead = 16;
    private const int CacheLine = 64;

    private Pass pass;
    private bool isFar;

    /// <summary>Does all passes.</summary>
    /// <param name="sourceCount">Rows of the input.</param>
    public void Run(ThreadTeam team, TilePlan plan, int sourceCount)
    {
        isFar = plan.IsFar(sourceCount, batchSize, TRows.ElementSize);
        var together = batchSize == 1 || plan.Holds(sourceCount, batchSize, TRows.ElementSize);
        for (var sample = 0; sample < batchSize; sample = pass.EndSample)
        {
            var end = together ? batchSize : Strip.After(sample, batchSize, TLanes.Count).End;
            var tiles = batchSize == 1 ? 1 : plan.TilesOf(blocks.Rows, sourceCount, blocks.Connections, (long)(end - sample) * TRows.ElementSize);
            for (var tile = 0; tile < tiles; tile++)
            {
                pass = new Pass(sample, end, tile, tiles);
                team.Run(ref this, blocks.Count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Execute(int block)
    {
        var (first, end) = (blocks.FirstRow(block), blocks.EndRow(block));
        for (var covered = pass.FirstSample; covered < pass.EndSample;)
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
    // of its registers, and a call for each row costs more than it does (measured: 80 → 97 GFLOP/s).
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Rows<TRegisters>(int first, int end, Strip strip)
        where TRegisters : IRegisters
    {
        for (var row = first; row < end; row += RowsAtATime)
        {
            var next = Math.Min(end, row + RowsAtATime);
            if (pass.IsWhole && TRegisters.Count == 1)
            {
                NarrowSums(row, next, strip);
            }
            else if (pass.IsWhole && !TFinish.GoesOn)
            {
                Sums<TRegisters, Pass.WholeRows>(row, next, strip);
            }
            else
            {
                if (pass.IsFirst && !TFinish.GoesOn)
                {
                    Start(row, next, strip);
                }

                Sums<TRegisters, Pass.PartsOfRows>(row, next, strip);
            }

            if (batchSize == 1)
            {
                FinishOneSample(row, next);
            }
            else if (pass.IsLast)
            {
                Finish<TRegisters>(row, next, strip);
            }
        }
    }

    private void Start(int first, int end, Strip strip)
    {
        for (var row = first; row < end; row++)
        {
            var sums = output + ((long)row * batchSize);
            new Span<float>(sums + strip.Start + Math.Min(0, strip.Last), strip.End - strip.Start - Math.Min(0, strip.Last)).Fill(finish.Start(row));
        }
    }

    // Everything that the loop needs is a local: fields would be read anew for each connection.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Sums<TRegisters, TKind>(int first, int end, Strip strip)
        where TRegisters : IRegisters
        where TKind : Pass.IKind
    {
        var column = sources;
        var weight = weights;
        var strideBytes = (long)batchSize * TRows.ElementSize;
        var start = input.Start + ((long)strip.Start * TRows.ElementSize);
        var (scales, offset) = ((nint)input.Scale, (nint)input.Offset);
        var last = (long)strip.Last;
        var part = pass;
        var most = offsets[blocks.Rows] - 1;
        for (var row = first; row < end; row++)
        {
            var (t, rowEnd) = (offsets[row], offsets[row + 1]);
            var sums = output + ((long)row * batchSize) + strip.Start;
            if (!TKind.IsWhole)
            {
                (t, rowEnd) = part.Of(t, rowEnd);
            }

            var begin = TLanes.Broadcast(TKind.IsWhole ? finish.Start(row) : 0);
            var a0 = Begin<TRegisters, TKind>(begin, sums, last, 0);
            var a1 = Begin<TRegisters, TKind>(begin, sums, last, 1);
            var a2 = Begin<TRegisters, TKind>(begin, sums, last, 2);
            var a3 = Begin<TRegisters, TKind>(begin, sums, last, 3);
            var a4 = Begin<TRegisters, TKind>(begin, sums, last, 4);
            var a5 = Begin<TRegisters, TKind>(begin, sums, last, 5);
            var a6 = Begin<TRegisters, TKind>(begin, sums, last, 6);
            var a7 = Begin<TRegisters, TKind>(begin, sums, last, 7);
            for (; t < rowEnd; t++)
            {
                var c = column[t];
                var source = start + (c * strideBytes);
                var scale = TRows.IsAffine ? TLanes.Broadcast(((float*)scales)[c]) : default;
                var shift = TRows.IsAffine ? TLanes.Broadcast(((float*)offset)[c]) : default;
                var w = TLanes.Broadcast(weight[t]);
                if (TRows.IsAffine && Sse.IsSupported)
                {
                    var ahead = start + (column[Math.Min(t + ConnectionsAhead, most)] * strideBytes);
                    Sse.Prefetch0(ahead);
                    Sse.Prefetch0(ahead + CacheLine);
                }

                Add<TRegisters>(w, source, last, 0, scale, shift, ref a0);
                Add<TRegisters>(w, source, last, 1, scale, shift, ref a1);
                Add<TRegisters>(w, source, last, 2, scale, shift, ref a2);
                Add<TRegisters>(w, source, last, 3, scale, shift, ref a3);
                Add<TRegisters>(w, source, last, 4, scale, shift, ref a4);
                Add<TRegisters>(w, source, last, 5, scale, shift, ref a5);
                Add<TRegisters>(w, source, last, 6, scale, shift, ref a6);
                Add<TRegisters>(w, source, last, 7, scale, shift, ref a7);
            }

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

    // Strips of one register, four rows side by side: one row's additions wait for each other (measured, 784-1000³-10: 2.2 → 5.5 GFLOP/s
    // for one sample).
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void NarrowSums(int row, int end, Strip strip)
    {
        var place = strip.Start + strip.Last;
        var connections = new Narrow(sources, weights, input, place, batchSize);
        for (; row + 4 <= end; row += 4)
        {
            if (isFar)
            {
                connections.Prefetch(offsets[Math.Min(row + RowsAhead, blocks.Rows)], offsets[Math.Min(row + RowsAhead + 4, blocks.Rows)]);
            }

            var (ta, tb, tc, td) = (offsets[row], offsets[row + 1], offsets[row + 2], offsets[row + 3]);
            var shortest = Math.Min(Math.Min(tb - ta, tc - tb), Math.Min(td - tc, offsets[row + 4] - td));
            var sums = output + ((long)row * batchSize) + place;
            var (a, b, c, d) = (BeginNarrow(row, sums), BeginNarrow(row + 1, sums + batchSize),
                BeginNarrow(row + 2, sums + (2L * batchSize)), BeginNarrow(row + 3, sums + (3L * batchSize)));
            for (var stop = ta + shortest; ta < stop; ta++, tb++, tc++, td++)
            {
                a = connections.Add(ta, a);
                b = connections.Add(tb, b);
                c = connections.Add(tc, c);
                d = connections.Add(td, d);
            }

            TLanes.Store(connections.AddAll(ta, offsets[row + 1], a), sums);
            TLanes.Store(connections.AddAll(tb, offsets[row + 2], b), sums + batchSize);
            TLanes.Store(connections.AddAll(tc, offsets[row + 3], c), sums + (2L * batchSize));
            TLanes.Store(connections.AddAll(td, offsets[row + 4], d), sums + (3L * batchSize));
        }

        for (; row < end; row++)
        {
            var sums = output + ((long)row * batchSize) + place;
            TLanes.Store(connections.AddAll(offsets[row], offsets[row + 1], BeginNarrow(row, sums)), sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly TLanes BeginNarrow(int row, float* sums) => TFinish.GoesOn ? TLanes.Load(sums) : TLanes.Broadcast(finish.Start(row));

    private readonly void FinishOneSample(int row, int end)
    {
        for (; Vector512.IsHardwareAccelerated && row + Lanes16.Count <= end; row += Lanes16.Count)
        {
            Lanes16.Store(finish.Finish(Lanes16.Load(output + row), row), output + row);
        }

        for (; row < end; row++)
        {
            Lanes1.Store(finish.Finish(Lanes1.Load(output + row), row), output + row);
        }
    }

    /// <summary>Where a register's sum goes on: from the row's start, or from what earlier passes have left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Begin<TRegisters, TKind>(TLanes begin, float* sums, long last, int register)
        where TRegisters : IRegisters
        where TKind : Pass.IKind =>
        TKind.IsWhole || register >= TRegisters.Count ? begin : TLanes.Load(sums + Place<TRegisters>(register, last));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRegisters>(TLanes weight, byte* source, long last, int register, TLanes scale, TLanes offset, ref TLanes sum)
        where TRegisters : IRegisters
    {
        if (register < TRegisters.Count)
        {
            var element = TRows.Load<TLanes>(source, Place<TRegisters>(register, last));
            sum = TLanes.MultiplyAdd(weight, TRows.IsAffine ? TLanes.MultiplyAdd(element, scale, offset) : element, sum);
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

    /// <summary>What a strip of one register needs of the product, as a local.</summary>
    private readonly struct Narrow(int* sources, TWeights weights, TRows input, long place, long stride)
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes Add(long t, TLanes sum)
        {
            var c = sources[t];
            var element = TRows.Load<TLanes>(input.Start, (c * stride) + place);
            if (TRows.IsAffine)
            {
                element = TLanes.MultiplyAdd(element, TLanes.Broadcast(input.Scale[c]), TLanes.Broadcast(input.Offset[c]));
            }

            return TLanes.MultiplyAdd(TLanes.Broadcast(weights[t]), element, sum);
        }

        /// <summary>Asks for what connections read at random.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Prefetch(long t, long end)
        {
            for (; t < end && Sse.IsSupported; t++)
            {
                Sse.Prefetch0(input.Start + (((sources[t] * stride) + place) * TRows.ElementSize));
                weights.Prefetch(t);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes AddAll(long t, long end, TLanes sum)
        {
            for (; t < end; t++)
            {
                sum = Add(t, sum);
            }

            return sum;
        }
    }
}
