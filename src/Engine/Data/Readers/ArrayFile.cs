using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace SparseService.Engine.Data.Readers;

/// <summary>An array whose header has been read; its items follow, are read once, and must end exactly where the header says.</summary>
internal sealed class ArrayFile(Stream stream, string role, ArrayHeader header) : IDisposable
{
    private const int ChunkItems = 1 << 15;

    private readonly byte[] raw = new byte[ChunkItems * header.ItemBytes];

    public string Role => role;

    public ArrayHeader Header => header;

    /// <summary>Bytes stay bytes; every other type becomes float32.</summary>
    public void CopySamplesTo(SampleStoreWriter writer, int features)
    {
        if (header.Element == SampleElement.Byte)
        {
            ForEachChunk(header.Rows * features, (chunk, _) => writer.Append(chunk));
            return;
        }

        var values = new float[ChunkItems];
        ForEachChunk(header.Rows * features, (chunk, start) =>
        {
            var some = values.AsSpan(0, chunk.Length / header.ItemBytes);
            Convert(chunk, some);
            RequireFinite(some, start, features);
            writer.Append((ReadOnlySpan<float>)some);
        });
    }

    public void ForEachLabel(Action<double, long> label)
    {
        var values = new double[ChunkItems];
        ForEachChunk(header.Rows, (chunk, start) =>
        {
            var some = values.AsSpan(0, chunk.Length / header.ItemBytes);
            Convert(chunk, some);
            for (var i = 0; i < some.Length; i++)
            {
                label(some[i], start + i + 1);
            }
        });
    }

    public void Dispose() => stream.Dispose();

    private delegate void ChunkReader(Span<byte> chunk, long firstItem);

    private void ForEachChunk(long items, ChunkReader read)
    {
        for (long start = 0; start < items;)
        {
            var wanted = (int)Math.Min(ChunkItems, items - start) * header.ItemBytes;
            var got = stream.ReadAtLeast(raw.AsSpan(0, wanted), wanted, throwOnEndOfStream: false);
            if (got < wanted)
            {
                var held = (start * header.ItemBytes) + got;
                throw new DatasetFormatException($"{role} data", $"{held} bytes", $"{items * header.ItemBytes} bytes, as the header says");
            }

            read(raw.AsSpan(0, wanted), start);
            start += wanted / header.ItemBytes;
        }

        if (stream.Read(raw.AsSpan(0, 1)) != 0)
        {
            throw new DatasetFormatException(
                $"{role} data", $"more than {items * header.ItemBytes} bytes", $"{items * header.ItemBytes} bytes, as the header says");
        }
    }

    private void Convert<TValue>(Span<byte> chunk, Span<TValue> values)
        where TValue : INumberBase<TValue>
    {
        if (header.BigEndian)
        {
            Reverse(chunk);
        }

        switch (header.Type)
        {
            case NumberType.UInt8: Convert<byte, TValue>(chunk, values); break;
            case NumberType.Int8: Convert<sbyte, TValue>(chunk, values); break;
            case NumberType.UInt16: Convert<ushort, TValue>(chunk, values); break;
            case NumberType.Int16: Convert<short, TValue>(chunk, values); break;
            case NumberType.UInt32: Convert<uint, TValue>(chunk, values); break;
            case NumberType.Int32: Convert<int, TValue>(chunk, values); break;
            case NumberType.UInt64: Convert<ulong, TValue>(chunk, values); break;
            case NumberType.Int64: Convert<long, TValue>(chunk, values); break;
            case NumberType.Float16: Convert<Half, TValue>(chunk, values); break;
            case NumberType.Float32: Convert<float, TValue>(chunk, values); break;
            default: Convert<double, TValue>(chunk, values); break;
        }
    }

    private static void Convert<TItem, TValue>(ReadOnlySpan<byte> chunk, Span<TValue> values)
        where TItem : unmanaged, INumberBase<TItem>
        where TValue : INumberBase<TValue>
    {
        var items = MemoryMarshal.Cast<byte, TItem>(chunk);
        for (var i = 0; i < items.Length; i++)
        {
            values[i] = TValue.CreateTruncating(items[i]);
        }
    }

    private void Reverse(Span<byte> chunk)
    {
        switch (header.ItemBytes)
        {
            case 2: Reverse(MemoryMarshal.Cast<byte, ushort>(chunk)); break;
            case 4: Reverse(MemoryMarshal.Cast<byte, uint>(chunk)); break;
            case 8: Reverse(MemoryMarshal.Cast<byte, ulong>(chunk)); break;
        }
    }

    private static void Reverse(Span<ushort> items) => BinaryPrimitives.ReverseEndianness(items, items);

    private static void Reverse(Span<uint> items) => BinaryPrimitives.ReverseEndianness(items, items);

    private static void Reverse(Span<ulong> items) => BinaryPrimitives.ReverseEndianness(items, items);

    private void RequireFinite(ReadOnlySpan<float> values, long firstItem, int features)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                var (row, column) = Math.DivRem(firstItem + i, features);
                throw new DatasetFormatException($"{role} column {column + 1}", $"{values[i]}", "a finite number within float32", row + 1);
            }
        }
    }
}
