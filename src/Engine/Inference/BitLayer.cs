using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Inference;

/// <summary>The first layer, whose inputs are bits: 1/32 of the memory, and no multiplications.</summary>
internal static unsafe class BitLayer
{
    private const int RegisterLanes = 16;

    /// <summary>Bit i in lane i.</summary>
    internal static Vector512<uint> LaneBits =>
        Vector512.Create(1u, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768);

    /// <summary>Turns inputs into bits by feature.</summary>
    /// <param name="bits">[place of the feature], a word each; bit s is that of input first + s; overwritten.</param>
    /// <param name="count">Inputs, 1 to 64; the bits above are 0.</param>
    public static void Transpose(BitRows inputs, int first, int count, Span<ulong> bits)
    {
        Span<ulong> block = stackalloc ulong[64];
        for (var word = 0; word < inputs.RowWords; word++)
        {
            block.Clear();
            for (var row = 0; row < count; row++)
            {
                block[row] = inputs.Words[((long)(first + row) * inputs.RowWords) + word];
            }

            Transpose(block);
            for (var feature = word * 64; feature < Math.Min(bits.Length, (word + 1) * 64); feature++)
            {
                bits[CompactLayer.Place(feature, bits.Length)] = block[feature % 64];
            }
        }
    }

    /// <summary>Like <see cref="FusedLayer{TLanes}.Apply"/>, with x given as bits, for 512-bit registers.</summary>
    /// <param name="slots">A multiple of 16, at most 64.</param>
    public static ulong Apply(CompactLayer layer, ulong* x, float* y, int stride, int slots)
    {
        var rows = new LayerRows(layer, stride);
        var largest = stackalloc float[64];
        for (var at = 0; at < slots; at += 2 * RegisterLanes)
        {
            Two(&rows, (uint*)x + (at / 32), y + at, largest + at, both: slots - at > RegisterLanes);
        }

        GC.KeepAlive(layer);
        return FusedLayer<Lanes1>.AboveZero(largest, slots);
    }

    /// <summary>Writes bits as numbers: x[feature, slot].</summary>
    public static void Expand(ReadOnlySpan<ulong> bits, float* x, int stride, int slots)
    {
        for (var feature = 0; feature < bits.Length; feature++)
        {
            for (var slot = 0; slot < slots; slot++)
            {
                x[((nint)feature * stride) + slot] = (bits[feature] >> slot) & 1;
            }
        }
    }

    // Hacker's Delight, 7-3: exchanges blocks of 32, 16, 8, 4, 2, 1 bits across the diagonal.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(Span<ulong> block)
    {
        var mask = 0x00000000FFFFFFFFUL;
        for (var size = 32; size > 0; size >>= 1, mask ^= mask << size)
        {
            for (var row = 0; row < 64; row = (row + size + 1) & ~size)
            {
                var swap = ((block[row] >> size) ^ block[row + size]) & mask;
                block[row] ^= swap << size;
                block[row + size] ^= swap;
            }
        }
    }

    // 32 slots: a word of bits for each feature, every second word of the array.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Two(LayerRows* rows, uint* x, float* y, float* largest, bool both)
    {
        var (low, cap) = (LaneBits, Vector512.Create(rows->Cap));
        var high = low << RegisterLanes;
        var (l0, l1) = (Vector512<float>.Zero, Vector512<float>.Zero);
        var places = rows->Places;
        var values = rows->Values;
        nint count = rows->Count;
        for (nint row = 0; row < count; row++)
        {
            var a0 = Vector512.Create(rows->Bias[row]);
            var a1 = a0;
            nint end = rows->Offsets[row + 1];
            for (nint k = rows->Offsets[row]; k < end; k++)
            {
                var (word, w) = (Vector512.Create(x[2 * (nint)places[k]]), Vector512.Create(values[k]));
                a0 = Vector512.ConditionalSelect(Vector512.Equals(word & low, low).AsSingle(), a0 + w, a0);
                a1 = Vector512.ConditionalSelect(Vector512.Equals(word & high, high).AsSingle(), a1 + w, a1);
            }

            var to = rows->To(y, row);
            a0 = Vector512.MinNative(Vector512.MaxNative(a0, Vector512<float>.Zero), cap);
            a0.Store(to);
            l0 = Vector512.MaxNative(l0, a0);
            if (both)
            {
                a1 = Vector512.MinNative(Vector512.MaxNative(a1, Vector512<float>.Zero), cap);
                a1.Store(to + RegisterLanes);
                l1 = Vector512.MaxNative(l1, a1);
            }
        }

        l0.Store(largest);
        l1.Store(largest + RegisterLanes);
    }
}
