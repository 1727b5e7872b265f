using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace SparseService.Engine.Tests.Data;

/// <summary>Writes small dataset files, right or wrong ones.</summary>
internal static class DatasetBytes
{
    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] GZip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    public static byte[] Idx(byte type, int[] shape, params byte[] items)
    {
        var bytes = new byte[4 + (4 * shape.Length) + items.Length];
        bytes[2] = type;
        bytes[3] = (byte)shape.Length;
        for (var i = 0; i < shape.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 + (4 * i)), shape[i]);
        }

        items.CopyTo(bytes, 4 + (4 * shape.Length));
        return bytes;
    }

    public static byte[] Npy(string descr, string shape, byte[] items, bool fortran = false, byte version = 1) => NpyOf(
        $"{{'descr': '{descr}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': {shape}, }}", items, version);

    public static byte[] NpyOf(string header, byte[] items, byte version = 1)
    {
        var start = version == 1 ? 10 : 12;
        var length = (((start + header.Length + 1 + 63) / 64) * 64) - start;
        var text = Encoding.Latin1.GetBytes(header.PadRight(length - 1) + "\n");
        byte[] size = version == 1 ? [(byte)length, (byte)(length >> 8)] : [(byte)length, (byte)(length >> 8), 0, 0];
        return [0x93, .. "NUMPY"u8, version, 0, .. size, .. text, .. items];
    }

    public static byte[] Npz(params (string Name, byte[] Bytes)[] entries)
    {
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in entries)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(bytes);
            }
        }

        return packed.ToArray();
    }

    /// <summary>Little-endian bytes of the values.</summary>
    public static byte[] Items<T>(params T[] values)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    /// <summary>Big-endian bytes of the values.</summary>
    public static byte[] BigEndianItems<T>(params T[] values)
        where T : unmanaged
    {
        var size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        return [.. Items(values).Chunk(size).SelectMany(item => item.Reverse())];
    }
}
