using System.Numerics;
using System.Runtime.InteropServices;

namespace SparseService.Engine.Inference;

/// <summary>Inputs that are 0 or 1, a bit each: [input, feature], bit f of an input in word f / 64 of its row, lowest first.</summary>
public sealed class BitRows
{
    /// <param name="rows">Inputs.</param>
    /// <param name="width">Features of each, a multiple of 64: whoever has fewer leaves the last ones 0.</param>
    public BitRows(int rows, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 64);
        if (width % 64 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(width), width, "Allowed: a multiple of 64");
        }

        (Rows, Width) = (rows, width);
        Words = new ulong[(long)rows * (width / 64)];
    }

    /// <summary>Inputs.</summary>
    public int Rows { get; }

    /// <summary>Features of each.</summary>
    public int Width { get; }

    /// <summary>Words of one input.</summary>
    public int RowWords => Width / 64;

    internal ulong[] Words { get; }

    /// <summary>Bits that are 1, in all rows.</summary>
    public long Count => Words.Sum(word => (long)BitOperations.PopCount(word));

    /// <summary>The words of one input.</summary>
    public Span<ulong> Row(int row) => Words.AsSpan(row * RowWords, RowWords);

    /// <summary>One input's rows of bytes, lowest bit first.</summary>
    internal Span<byte> RowBytes(int row) => MemoryMarshal.AsBytes(Row(row));

    /// <summary>Whether a feature of an input is 1.</summary>
    public bool this[int row, int feature]
    {
        get => (Row(row)[feature / 64] >> (feature % 64) & 1) != 0;
        set
        {
            ref var word = ref Row(row)[feature / 64];
            var bit = 1UL << (feature % 64);
            word = value ? word | bit : word & ~bit;
        }
    }

    /// <summary>The first rows.</summary>
    public BitRows Take(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, Rows);
        var part = new BitRows(rows, Width);
        Words.AsSpan(0, part.Words.Length).CopyTo(part.Words);
        return part;
    }
}
