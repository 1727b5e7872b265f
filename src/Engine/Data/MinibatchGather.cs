using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Data;

// Minibatch out of a row-major store:  x[f·B + s] = (raw[rows[s], f] − shift[f])·scale[f]
//
//   raw  rows × Features, bytes or float32      x  Features × B, overwritten, 0 for the samples behind the last row
//
// With 512-bit registers the samples of 16 bytes are turned inside registers, see GatherTile. Elsewhere both element types are moved as
// 4-byte words (four bytes, or one float): a tile is 16 or 64 words of 16 samples; first the words are turned by scalar copies within the
// first-level cache, so that 16 samples of one word lie side by side; then each word gives whole vectors of one feature. Every value is
// one subtraction and one multiplication, each rounded: the result does not depend on vector width, tile or batch size.
internal static unsafe class MinibatchGather
{
    // Measured, 128 samples of 784 bytes: 28 µs at 16 words, 37 at 32, 40 at 64 (rows of x lie B·4 bytes apart and crowd few cache
    // sets). Floats like 64.
    private const int ByteTileWords = 16;
    private const int FloatTileWords = 64;
    private const int TileSamples = 16;

    internal readonly struct Arguments(byte* data, SampleElement element, int features, float* shift, float* scale, float* x, int batchSize)
    {
        public readonly byte* Data = data;
        public readonly SampleElement Element = element;
        public readonly int Features = features;
        public readonly float* Shift = shift;
        public readonly float* Scale = scale;
        public readonly float* X = x;
        public readonly int BatchSize = batchSize;

        public bool IsByte => Element == SampleElement.Byte;

        public int FeaturesPerWord => IsByte ? 4 : 1;

        public long RowBytes => IsByte ? Features : 4L * Features;
    }

    /// <param name="backend">Its threads share the tiles.</param>
    public static void Run(in Arguments to, ReadOnlySpan<int> rows, Backend backend)
    {
        var chunk = GatherTile.ChunkBytes / (to.IsByte ? 1 : sizeof(float));
        if (GatherTile.IsSupported && to.BatchSize >= GatherTile.Samples && to.Features >= chunk)
        {
            fixed (int* first = rows)
            {
                var tiles = new Tiles(to, first, rows.Length, chunk);
                backend.RunBlocks(ref tiles, tiles.Count);
                ClearPadding(to, Math.Min(tiles.Count * GatherTile.Samples, to.BatchSize));
            }

            return;
        }

        ClearPadding(to, rows.Length);
        if (rows.Length < TileSamples || to.Features < to.FeaturesPerWord)
        {
            RunScalar(to, rows);
            return;
        }

        var words = stackalloc uint[(FloatTileWords * TileSamples) + 16];
        words = (uint*)(((nuint)words + 63) & ~(nuint)63);
        var perWord = to.FeaturesPerWord;
        var tileWords = to.IsByte ? ByteTileWords : FloatTileWords;
        for (var feature = 0; feature < to.Features; feature += tileWords * perWord)
        {
            var count = Math.Min(tileWords, (to.Features - feature) / perWord);
            RunBand(to, rows, feature, count, words);
        }

        // Bytes whose number is no multiple of four: the last word starts earlier and writes some features again, with the same values.
        if (to.Features % perWord != 0)
        {
            RunBand(to, rows, to.Features - perWord, 1, words);
        }
    }

    private struct Tiles(Arguments to, int* rows, int count, int chunk) : IBlockWork
    {
        public readonly int Count => (count + GatherTile.Samples - 1) / GatherTile.Samples;

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public readonly void Execute(int block)
        {
            // A minibatch that is no whole number of tiles: the last one overlaps its predecessor.
            var first = Math.Min(block * GatherTile.Samples, to.BatchSize - GatherTile.Samples);
            var next = Math.Min(count, first + GatherTile.Samples);
            var all = new ReadOnlySpan<int>(rows, count);
            var tile = default(GatherTile);
            tile.Take(to.Data, to.RowBytes, all[first..next], all[next..]);
            for (var feature = 0; feature < to.Features; feature += chunk)
            {
                // The same at the end of the features.
                RunChunk(to, tile, Math.Min(feature, to.Features - chunk), first);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunChunk(in Arguments to, in GatherTile tile, int feature, int first)
    {
        var x = to.X + ((long)feature * to.BatchSize) + first;
        if (to.IsByte)
        {
            tile.Bytes(feature, to.Shift + feature, to.Scale + feature, x, to.BatchSize);
        }
        else
        {
            tile.Floats(4L * feature, to.Shift + feature, to.Scale + feature, x, to.BatchSize);
        }
    }

    /// <summary>Judge of the tiled version, and the faster one for a handful of samples.</summary>
    internal static void RunScalar(in Arguments to, ReadOnlySpan<int> rows)
    {
        for (var sample = 0; sample < rows.Length; sample++)
        {
            var row = to.Data + (rows[sample] * to.RowBytes);
            for (var feature = 0; feature < to.Features; feature++)
            {
                var raw = to.IsByte ? row[feature] : ((float*)row)[feature];
                to.X[((long)feature * to.BatchSize) + sample] = (raw - to.Shift[feature]) * to.Scale[feature];
            }
        }
    }

    private static void ClearPadding(in Arguments to, int samples)
    {
        for (var feature = 0L; feature < to.Features && samples < to.BatchSize; feature++)
        {
            new Span<float>(to.X + (feature * to.BatchSize) + samples, to.BatchSize - samples).Clear();
        }
    }

    private static void RunBand(in Arguments to, ReadOnlySpan<int> rows, int feature, int wordCount, uint* words)
    {
        if (wordCount == 0)
        {
            return;
        }

        for (var sample = 0; sample < rows.Length; sample += TileSamples)
        {
            // The last tile overlaps its predecessor in place of a remainder loop.
            var first = Math.Min(sample, rows.Length - TileSamples);
            Turn(to, rows.Slice(first, TileSamples), feature, wordCount, words);
            if (to.IsByte)
            {
                WriteBytes(to, feature, wordCount, words, first);
            }
            else
            {
                WriteFloats(to, feature, wordCount, words, first);
            }
        }
    }

    private static void Turn(in Arguments to, ReadOnlySpan<int> rows, int feature, int wordCount, uint* words)
    {
        var featureBytes = to.IsByte ? feature : 4L * feature;
        for (var sample = 0; sample < TileSamples; sample++)
        {
            var from = (uint*)(to.Data + (rows[sample] * to.RowBytes) + featureBytes);
            var into = words + sample;
            for (var word = 0; word < wordCount; word++)
            {
                into[word * TileSamples] = from[word];
            }
        }
    }

    private static void WriteBytes(in Arguments to, int feature, int wordCount, uint* words, int first)
    {
        var mask = Vector512.Create(255u);
        var mask256 = Vector256.Create(255u);
        for (var word = 0; word < wordCount; word++, feature += 4)
        {
            var at = words + (word * TileSamples);
            var x = to.X + ((long)feature * to.BatchSize) + first;
            for (var part = 0; part < 4; part++, x += to.BatchSize)
            {
                var shift = to.Shift[feature + part];
                var scale = to.Scale[feature + part];
                if (Vector512.IsHardwareAccelerated)
                {
                    var raw = Vector512.ShiftRightLogical(Vector512.Load(at), 8 * part) & mask;
                    ((Vector512.ConvertToSingle(raw.AsInt32()) - Vector512.Create(shift)) * scale).Store(x);
                }
                else
                {
                    WriteHalf(Vector256.ShiftRightLogical(Vector256.Load(at), 8 * part) & mask256, shift, scale, x);
                    WriteHalf(Vector256.ShiftRightLogical(Vector256.Load(at + 8), 8 * part) & mask256, shift, scale, x + 8);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteHalf(Vector256<uint> raw, float shift, float scale, float* x) =>
        ((Vector256.ConvertToSingle(raw.AsInt32()) - Vector256.Create(shift)) * scale).Store(x);

    private static void WriteFloats(in Arguments to, int feature, int wordCount, uint* words, int first)
    {
        var raw = (float*)words;
        var x = to.X + ((long)feature * to.BatchSize) + first;
        for (var word = 0; word < wordCount; word++, feature++, raw += TileSamples, x += to.BatchSize)
        {
            var shift = Vector256.Create(to.Shift[feature]);
            var scale = to.Scale[feature];
            ((Vector256.Load(raw) - shift) * scale).Store(x);
            ((Vector256.Load(raw + 8) - shift) * scale).Store(x + 8);
        }
    }
}
