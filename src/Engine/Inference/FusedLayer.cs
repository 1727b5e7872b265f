using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Inference;

/// <summary>Product with the weights, bias, ReLU and cap of one layer for a strip of inputs, in one pass.</summary>
/// <remarks>
/// y[row, slot] = min(cap, max(0, b[row] + Σ w·x[column, slot])). x and y are [neuron, slot] with <c>stride</c> slots in a row; x and y differ.
/// Sums stay in up to four registers while a row's connections pass; a connection is one broadcast weight and a load and a multiply-add for each
/// register. 4 bytes are read of x for each connection and slot, so the cache that holds x sets the pace.
/// </remarks>
internal static unsafe class FusedLayer<TLanes>
    where TLanes : unmanaged, ILanes<TLanes>
{
    private const int MostRegisters = 4;

    /// <param name="slots">Slots that are computed, a multiple of the lanes of a register, at most 64.</param>
    /// <returns>A bit for each slot: whether an output is above 0.</returns>
    public static ulong Apply(CompactLayer layer, float* x, float* y, int stride, int slots)
    {
        var pointers = new LayerRows(layer, stride);
        var largest = stackalloc float[MostRegisters * TLanes.Count];
        var alive = 0UL;
        for (var at = 0; at < slots; at += MostRegisters * TLanes.Count)
        {
            var registers = Math.Min(MostRegisters, (slots - at) / TLanes.Count);
            switch (registers)
            {
                case 1:
                    One(pointers, x + at, y + at, largest);
                    break;
                case 2:
                    Two(pointers, x + at, y + at, largest);
                    break;
                case 3:
                    Three(pointers, x + at, y + at, largest);
                    break;
                default:
                    Four(pointers, x + at, y + at, largest);
                    break;
            }

            alive |= AboveZero(largest, registers * TLanes.Count) << at;
        }

        GC.KeepAlive(layer);
        return alive;
    }

    /// <summary>A bit for each number that is above 0.</summary>
    internal static ulong AboveZero(float* numbers, int count)
    {
        var bits = 0UL;
        for (var index = 0; index < count; index++)
        {
            bits |= numbers[index] > 0 ? 1UL << index : 0;
        }

        return bits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Clip(TLanes sum, TLanes cap)
    {
        var positive = TLanes.IfLess(sum, default, default, sum);
        return TLanes.IfLess(cap, positive, cap, positive);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Larger(TLanes a, TLanes b) => TLanes.IfLess(a, b, b, a);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(LayerRows rows, float* x, float* y, float* largest)
    {
        var (cap, l0) = (TLanes.Broadcast(rows.Cap), default(TLanes));
        for (var row = 0; row < rows.Count; row++)
        {
            // Two sums: a single chain would wait for itself.
            var (a0, b0) = (TLanes.Broadcast(rows.Bias[row]), default(TLanes));
            var (k, end) = (rows.Offsets[row], rows.Offsets[row + 1]);
            for (; k + 1 < end; k += 2)
            {
                a0 = TLanes.MultiplyAdd(TLanes.Broadcast(rows.Values[k]), TLanes.Load(rows.Of(x, k)), a0);
                b0 = TLanes.MultiplyAdd(TLanes.Broadcast(rows.Values[k + 1]), TLanes.Load(rows.Of(x, k + 1)), b0);
            }

            if (k < end)
            {
                a0 = TLanes.MultiplyAdd(TLanes.Broadcast(rows.Values[k]), TLanes.Load(rows.Of(x, k)), a0);
            }

            a0 = Clip(a0 + b0, cap);
            TLanes.Store(a0, rows.To(y, row));
            l0 = Larger(l0, a0);
        }

        TLanes.Store(l0, largest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Two(LayerRows rows, float* x, float* y, float* largest)
    {
        var cap = TLanes.Broadcast(rows.Cap);
        var (l0, l1) = (default(TLanes), default(TLanes));
        for (var row = 0; row < rows.Count; row++)
        {
            var a0 = TLanes.Broadcast(rows.Bias[row]);
            var a1 = a0;
            for (int k = rows.Offsets[row], end = rows.Offsets[row + 1]; k < end; k++)
            {
                var from = rows.Of(x, k);
                var w = TLanes.Broadcast(rows.Values[k]);
                a0 = TLanes.MultiplyAdd(w, TLanes.Load(from), a0);
                a1 = TLanes.MultiplyAdd(w, TLanes.Load(from + TLanes.Count), a1);
            }

            var to = rows.To(y, row);
            (a0, a1) = (Clip(a0, cap), Clip(a1, cap));
            TLanes.Store(a0, to);
            TLanes.Store(a1, to + TLanes.Count);
            (l0, l1) = (Larger(l0, a0), Larger(l1, a1));
        }

        TLanes.Store(l0, largest);
        TLanes.Store(l1, largest + TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Three(LayerRows rows, float* x, float* y, float* largest)
    {
        var cap = TLanes.Broadcast(rows.Cap);
        var (l0, l1, l2) = (default(TLanes), default(TLanes), default(TLanes));
        for (var row = 0; row < rows.Count; row++)
        {
            var a0 = TLanes.Broadcast(rows.Bias[row]);
            var (a1, a2) = (a0, a0);
            for (int k = rows.Offsets[row], end = rows.Offsets[row + 1]; k < end; k++)
            {
                var from = rows.Of(x, k);
                var w = TLanes.Broadcast(rows.Values[k]);
                a0 = TLanes.MultiplyAdd(w, TLanes.Load(from), a0);
                a1 = TLanes.MultiplyAdd(w, TLanes.Load(from + TLanes.Count), a1);
                a2 = TLanes.MultiplyAdd(w, TLanes.Load(from + (2 * TLanes.Count)), a2);
            }

            var to = rows.To(y, row);
            (a0, a1, a2) = (Clip(a0, cap), Clip(a1, cap), Clip(a2, cap));
            TLanes.Store(a0, to);
            TLanes.Store(a1, to + TLanes.Count);
            TLanes.Store(a2, to + (2 * TLanes.Count));
            (l0, l1, l2) = (Larger(l0, a0), Larger(l1, a1), Larger(l2, a2));
        }

        TLanes.Store(l0, largest);
        TLanes.Store(l1, largest + TLanes.Count);
        TLanes.Store(l2, largest + (2 * TLanes.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(LayerRows rows, float* x, float* y, float* largest)
    {
        var cap = TLanes.Broadcast(rows.Cap);
        var (l0, l1, l2, l3) = (default(TLanes), default(TLanes), default(TLanes), default(TLanes));
        for (var row = 0; row < rows.Count; row++)
        {
            var a0 = TLanes.Broadcast(rows.Bias[row]);
            var (a1, a2, a3) = (a0, a0, a0);
            for (int k = rows.Offsets[row], end = rows.Offsets[row + 1]; k < end; k++)
            {
                var from = rows.Of(x, k);
                var w = TLanes.Broadcast(rows.Values[k]);
                a0 = TLanes.MultiplyAdd(w, TLanes.Load(from), a0);
                a1 = TLanes.MultiplyAdd(w, TLanes.Load(from + TLanes.Count), a1);
                a2 = TLanes.MultiplyAdd(w, TLanes.Load(from + (2 * TLanes.Count)), a2);
                a3 = TLanes.MultiplyAdd(w, TLanes.Load(from + (3 * TLanes.Count)), a3);
            }

            var to = rows.To(y, row);
            (a0, a1, a2, a3) = (Clip(a0, cap), Clip(a1, cap), Clip(a2, cap), Clip(a3, cap));
            TLanes.Store(a0, to);
            TLanes.Store(a1, to + TLanes.Count);
            TLanes.Store(a2, to + (2 * TLanes.Count));
            TLanes.Store(a3, to + (3 * TLanes.Count));
            (l0, l1, l2, l3) = (Larger(l0, a0), Larger(l1, a1), Larger(l2, a2), Larger(l3, a3));
        }

        TLanes.Store(l0, largest);
        TLanes.Store(l1, largest + TLanes.Count);
        TLanes.Store(l2, largest + (2 * TLanes.Count));
        TLanes.Store(l3, largest + (3 * TLanes.Count));
    }
}
