using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Data;

// Bytes of a minibatch out of a row-major store:  x[f·B + s] = raw[rows[s], f]
//
//   raw  rows × Features, bytes      x  Features × B, overwritten, behind the last row with that row again
//
// A tile of 16 samples × 64 features is 16 registers, and its transpose too: four times, register k of the first half and register k of the second
// are shuffled into each other, byte by byte, each 128 bits on their own. So a register ends up with 16 samples of features f, 16 + f, 32 + f and
// 48 + f.
internal static unsafe class ByteGather
{
    private const int Samples = 16;
    private const int Features = 64;

    // Features of a block. Blocks of samples would write parts of the same lines of x (measured, 3072-1024-1024-10 at 5 %: two threads are
    // 1.62 times one in place of 1.56).
    private const int BlockFeatures = 8 * Features;

    /// <param name="rows">At least one.</param>
    /// <param name="backend">Its threads share the tiles.</param>
    public static void Run(byte* raw, int features, int* rows, int count, byte* x, int batchSize, Backend backend)
    {
        if (Avx512BW.IsSupported && batchSize >= Samples && features >= Features)
        {
            var tiles = new Tiles(raw, features, rows, count, x, batchSize);
            backend.RunBlocks(ref tiles, (features + BlockFeatures - 1) / BlockFeatures);
            return;
        }

        RunScalar(raw, features, rows, count, x, batchSize);
    }

    private static void RunScalar(byte* raw, int features, int* rows, int count, byte* x, int batchSize)
    {
        for (var sample = 0; sample < batchSize; sample++)
        {
            var row = raw + (rows[Math.Min(sample, count - 1)] * (long)features);
            for (var feature = 0; feature < features; feature++)
            {
                x[((long)feature * batchSize) + sample] = row[feature];
            }
        }
    }

    private struct Tiles(byte* raw, int features, int* rows, int count, byte* x, int batchSize) : IBlockWork
    {
        private fixed long starts[Samples];
        private fixed long upcoming[Samples];

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute(int block)
        {
            var tile = this;
            for (var sample = 0; sample < batchSize; sample += Samples)
            {
                // A minibatch that is no whole number of tiles: the last one overlaps its predecessor; the same at the end of the features,
                // where two threads may write the same bytes.
                var first = Math.Min(sample, batchSize - Samples);
                for (var row = 0; row < Samples; row++)
                {
                    tile.starts[row] = tile.StartOf(first + row);
                    tile.upcoming[row] = tile.StartOf(first + Samples + row);
                }

                var end = Math.Min(features, (block + 1) * BlockFeatures);
                for (var feature = block * BlockFeatures; feature < end; feature += Features)
                {
                    var at = Math.Min(feature, features - Features);
                    tile.Prefetch(at);
                    tile.Transpose(at, x + ((long)at * batchSize) + first, batchSize);
                }
            }
        }

        private readonly long StartOf(int sample) => (long)(raw + (rows[Math.Min(sample, count - 1)] * (long)features));

        // Of each row to come, the line of the same features.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Prefetch(int at)
        {
            for (var sample = 0; sample < Samples; sample++)
            {
                Sse.Prefetch1((byte*)upcoming[sample] + at);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Transpose(int at, byte* to, long stride)
        {
            Pair(Row(0, at), Row(8, at), out var a0, out var a1);
            Pair(Row(1, at), Row(9, at), out var a2, out var a3);
            Pair(Row(2, at), Row(10, at), out var a4, out var a5);
            Pair(Row(3, at), Row(11, at), out var a6, out var a7);
            Pair(Row(4, at), Row(12, at), out var a8, out var a9);
            Pair(Row(5, at), Row(13, at), out var a10, out var a11);
            Pair(Row(6, at), Row(14, at), out var a12, out var a13);
            Pair(Row(7, at), Row(15, at), out var a14, out var a15);

            Pair(a0, a8, out var b0, out var b1);
            Pair(a1, a9, out var b2, out var b3);
            Pair(a2, a10, out var b4, out var b5);
            Pair(a3, a11, out var b6, out var b7);
            Pair(a4, a12, out var b8, out var b9);
            Pair(a5, a13, out var b10, out var b11);
            Pair(a6, a14, out var b12, out var b13);
            Pair(a7, a15, out var b14, out var b15);

            Pair(b0, b8, out a0, out a1);
            Pair(b1, b9, out a2, out a3);
            Pair(b2, b10, out a4, out a5);
            Pair(b3, b11, out a6, out a7);
            Pair(b4, b12, out a8, out a9);
            Pair(b5, b13, out a10, out a11);
            Pair(b6, b14, out a12, out a13);
            Pair(b7, b15, out a14, out a15);

            Store(a0, a8, to, stride);
            Store(a1, a9, to + (2 * stride), stride);
            Store(a2, a10, to + (4 * stride), stride);
            Store(a3, a11, to + (6 * stride), stride);
            Store(a4, a12, to + (8 * stride), stride);
            Store(a5, a13, to + (10 * stride), stride);
            Store(a6, a14, to + (12 * stride), stride);
            Store(a7, a15, to + (14 * stride), stride);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly Vector512<byte> Row(int sample, int at) => Vector512.Load((byte*)starts[sample] + at);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Pair(Vector512<byte> a, Vector512<byte> b, out Vector512<byte> low, out Vector512<byte> high) =>
            (low, high) = (Avx512BW.UnpackLow(a, b), Avx512BW.UnpackHigh(a, b));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store(Vector512<byte> a, Vector512<byte> b, byte* to, long stride)
        {
            Pair(a, b, out var low, out var high);
            StoreQuarters(low, to, 16 * stride);
            StoreQuarters(high, to + stride, 16 * stride);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void StoreQuarters(Vector512<byte> features, byte* to, long stride)
        {
            features.GetLower().GetLower().Store(to);
            features.GetLower().GetUpper().Store(to + stride);
            features.GetUpper().GetLower().Store(to + (2 * stride));
            features.GetUpper().GetUpper().Store(to + (3 * stride));
        }
    }
}
