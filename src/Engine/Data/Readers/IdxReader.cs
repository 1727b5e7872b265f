using System.Buffers.Binary;

namespace SparseService.Engine.Data.Readers;

/// <summary>
/// IDX, the format of MNIST: two zero bytes, type, number of dimensions, then the dimensions as big-endian int32, then the items,
/// big-endian (Y. LeCun, "The MNIST database", section "file formats").
/// </summary>
internal static class IdxReader
{
    public static string Run(ImportJob job) => ArrayImport.Run(job, role => job.Has(role) ? Open(job, role) : null);

    private static ArrayFile Open(ImportJob job, DatasetFileRole role)
    {
        var stream = job.Open(role);
        try
        {
            return new ArrayFile(stream, ImportJob.Name(role), ReadHeader(stream, ImportJob.Name(role)));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    internal static ArrayHeader ReadHeader(Stream stream, string role)
    {
        Span<byte> magic = stackalloc byte[4];
        Require(stream, magic, role);
        if (magic[0] != 0 || magic[1] != 0)
        {
            throw new DatasetFormatException($"{role} magic", Convert.ToHexString(magic), "IDX: 0000, type, dimensions");
        }

        var type = magic[2] switch
        {
            0x08 => NumberType.UInt8,
            0x09 => NumberType.Int8,
            0x0B => NumberType.Int16,
            0x0C => NumberType.Int32,
            0x0D => NumberType.Float32,
            0x0E => NumberType.Float64,
            var other => throw new DatasetFormatException($"{role} magic type", $"0x{other:X2}", "0x08, 0x09, 0x0B, 0x0C, 0x0D or 0x0E"),
        };
        if (magic[3] is < 1 or > 4)
        {
            throw new DatasetFormatException($"{role} magic dimensions", $"{magic[3]}", "1 to 4");
        }

        var shape = new long[magic[3]];
        Span<byte> size = stackalloc byte[4];
        for (var i = 0; i < shape.Length; i++)
        {
            Require(stream, size, role);
            shape[i] = BinaryPrimitives.ReadUInt32BigEndian(size);
        }

        return new ArrayHeader(type, BigEndian: true, shape);
    }

    private static void Require(Stream stream, Span<byte> bytes, string role)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw new DatasetFormatException($"{role} header", "cut off", "a complete IDX header");
        }
    }
}
