using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Inference;

/// <summary><see cref="FusedLayer{TLanes}"/> for 512-bit registers, in a form whose multiply-adds take x from memory.</summary>
internal static unsafe class FusedLayer512
{
    private const int Lanes = 16;
    private const MethodImplOptions Whole = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;

    /// <inheritdoc cref="FusedLayer{TLanes}.Apply"/>
    public static ulong Apply(CompactLayer layer, float* x, float* y, int stride, int slots)
    {
        var rows = new LayerRows(layer, stride);
        var largest = stackalloc float[4 * Lanes];
        switch (slots / Lanes)
        {
            case 1:
                One(&rows, x, y, largest);
                break;
            case 2:
                Two(&rows, x, y, largest);
                break;
            case 3:
                Three(&rows, x, y, largest);
                break;
            default:
                Four(&rows, x, y, largest);
                break;
        }

        GC.KeepAlive(layer);
        return FusedLayer<Lanes1>.AboveZero(largest, slots);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Clip(Vector512<float> sum, Vector512<float> cap) =>
        Vector512.MinNative(Vector512.MaxNative(sum, Vector512<float>.Zero), cap);

    [MethodImpl(Whole)]
    private static void One(LayerRows* rows, float* x, float* y, float* largest)
    {
        var (cap, l0) = (Vector512.Create(rows->Cap), Vector512<float>.Zero);
        var places = rows->Places;
        var values = rows->Values;
        var (stride, count) = ((nint)rows->Stride, rows->Count);
        for (nint row = 0; row < count; row++)
        {
            // Four sums: a single chain would wait for itself.
            var (a0, b0) = (Vector512.Create(rows->Bias[row]), Vector512<float>.Zero);
            var (c0, d0) = (b0, b0);
            nint k = rows->Offsets[row];
            nint end = rows->Offsets[row + 1];
            for (; k + 3 < end; k += 4)
            {
                a0 = Vector512.FusedMultiplyAdd(Vector512.Create(values[k]), Vector512.Load(x + (places[k] * stride)), a0);
                b0 = Vector512.FusedMultiplyAdd(Vector512.Create(values[k + 1]), Vector512.Load(x + (places[k + 1] * stride)), b0);
                c0 = Vector512.FusedMultiplyAdd(Vector512.Create(values[k + 2]), Vector512.Load(x + (places[k + 2] * stride)), c0);
                d0 = Vector512.FusedMultiplyAdd(Vector512.Create(values[k + 3]), Vector512.Load(x + (places[k + 3] * stride)), d0);
            }

            for (; k < end; k++)
            {
                a0 = Vector512.FusedMultiplyAdd(Vector512.Create(values[k]), Vector512.Load(x + (places[k] * stride)), a0);
            }

            a0 = Clip((a0 + b0) + (c0 + d0), cap);
            a0.Store(rows->To(y, row));
            l0 = Vector512.MaxNative(l0, a0);
        }

        l0.Store(largest);
    }

    [MethodImpl(Whole)]
    private static void Two(LayerRows* rows, float* x, float* y, float* largest)
    {
        var (cap, l0, l1) = (Vector512.Create(rows->Cap), Vector512<float>.Zero, Vector512<float>.Zero);
        var places = rows->Places;
        var values = rows->Values;
        var (stride, count) = ((nint)rows->Stride, rows->Count);
        for (nint row = 0; row < count; row++)
        {
            var (a0, b0) = (Vector512.Create(rows->Bias[row]), Vector512<float>.Zero);
            var (a1, b1) = (a0, b0);
            nint k = rows->Offsets[row];
            nint end = rows->Offsets[row + 1];
            for (; k + 1 < end; k += 2)
            {
                var from = x + (places[k] * stride);
                var w = Vector512.Create(values[k]);
                a0 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from), a0);
                a1 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from + Lanes), a1);
                from = x + (places[k + 1] * stride);
                w = Vector512.Create(values[k + 1]);
                b0 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from), b0);
                b1 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from + Lanes), b1);
            }

            if (k < end)
            {
                var from = x + (places[k] * stride);
                var w = Vector512.Create(values[k]);
                a0 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from), a0);
                a1 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from + Lanes), a1);
            }

            var to = rows->To(y, row);
            (a0, a1) = (Clip(a0 + b0, cap), Clip(a1 + b1, cap));
            a0.Store(to);
            a1.Store(to + Lanes);
            (l0, l1) = (Vector512.MaxNative(l0, a0), Vector512.MaxNative(l1, a1));
        }

        l0.Store(largest);
        l1.Store(largest + Lanes);
    }

    [MethodImpl(Whole)]
    private static void Three(LayerRows* rows, float* x, float* y, float* largest)
    {
        var cap = Vector512.Create(rows->Cap);
        var (l0, l1, l2) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var places = rows->Places;
        var values = rows->Values;
        var (stride, count) = ((nint)rows->Stride, rows->Count);
        for (nint row = 0; row < count; row++)
        {
            var a0 = Vector512.Create(rows->Bias[row]);
            var (a1, a2) = (a0, a0);
            nint end = rows->Offsets[row + 1];
            for (nint k = rows->Offsets[row]; k < end; k++)
            {
                var from = x + (places[k] * stride);
                var w = Vector512.Create(values[k]);
                a0 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from), a0);
                a1 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from + Lanes), a1);
                a2 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from + (2 * Lanes)), a2);
            }

            var to = rows->To(y, row);
            (a0, a1, a2) = (Clip(a0, cap), Clip(a1, cap), Clip(a2, cap));
            a0.Store(to);
            a1.Store(to + Lanes);
            a2.Store(to + (2 * Lanes));
            (l0, l1, l2) = (Vector512.MaxNative(l0, a0), Vector512.MaxNative(l1, a1), Vector512.MaxNative(l2, a2));
        }

        l0.Store(largest);
        l1.Store(largest + Lanes);
        l2.Store(largest + (2 * Lanes));
    }

    [MethodImpl(Whole)]
    private static void Four(LayerRows* rows, float* x, float* y, float* largest)
    {
        var cap = Vector512.Create(rows->Cap);
        var (l0, l1, l2, l3) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var places = rows->Places;
        var values = rows->Values;
        var (stride, count) = ((nint)rows->Stride, rows->Count);
        for (nint row = 0; row < count; row++)
        {
            var a0 = Vector512.Create(rows->Bias[row]);
            var (a1, a2, a3) = (a0, a0, a0);
            nint end = rows->Offsets[row + 1];
            for (nint k = rows->Offsets[row]; k < end; k++)
            {
                var from = x + (places[k] * stride);
                var w = Vector512.Create(values[k]);
                a0 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from), a0);
                a1 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from + Lanes), a1);
                a2 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from + (2 * Lanes)), a2);
                a3 = Vector512.FusedMultiplyAdd(w, Vector512.Load(from + (3 * Lanes)), a3);
            }

            var to = rows->To(y, row);
            (a0, a1, a2, a3) = (Clip(a0, cap), Clip(a1, cap), Clip(a2, cap), Clip(a3, cap));
            a0.Store(to);
            a1.Store(to + Lanes);
            a2.Store(to + (2 * Lanes));
            a3.Store(to + (3 * Lanes));
            (l0, l1) = (Vector512.MaxNative(l0, a0), Vector512.MaxNative(l1, a1));
            (l2, l3) = (Vector512.MaxNative(l2, a2), Vector512.MaxNative(l3, a3));
        }

        l0.Store(largest);
        l1.Store(largest + Lanes);
        l2.Store(largest + (2 * Lanes));
        l3.Store(largest + (3 * Lanes));
    }
}
