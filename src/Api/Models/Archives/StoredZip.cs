using System.Text;

namespace SparseService.Api.Models.Archives;

/// <summary>A file inside the archive.</summary>
/// <param name="Crc">CRC-32 of its parts, one after the other.</param>
internal sealed record ZipEntry(string Name, IReadOnlyList<SplicedPart> Parts, uint Crc)
{
    public long Length => Parts.Sum(part => part.Length);
}

/// <summary>
/// Lays out a ZIP archive without compression (APPNOTE 6.3): everything but the contents is known before the first byte is sent, so the
/// archive has a length and can be read from any position. Always with the 64-bit fields: one way for all sizes.
/// </summary>
internal static class StoredZip
{
    private const uint In64Bits = 0xFFFF_FFFF;
    private const ushort Version = 45; // The first with 64-bit fields.
    private const ushort Utf8Names = 0x0800;
    private const ushort FirstDay = (1 << 5) | 1; // 1980-01-01: the same model gives the same archive.

    public static IEnumerable<SplicedPart> Parts(IReadOnlyList<ZipEntry> entries)
    {
        var position = 0L;
        var directory = new List<byte[]>();
        foreach (var entry in entries)
        {
            var header = LocalHeader(entry);
            directory.Add(DirectoryHeader(entry, position));
            yield return new SplicedPart.Bytes(header);
            foreach (var part in entry.Parts)
            {
                yield return part;
            }

            position += header.Length + entry.Length;
        }

        foreach (var header in directory)
        {
            yield return new SplicedPart.Bytes(header);
        }

        yield return new SplicedPart.Bytes(End(entries.Count, position, directory.Sum(header => (long)header.Length)));
    }

    private static byte[] LocalHeader(ZipEntry entry) => Write(bytes =>
    {
        bytes.Write(0x04034B50u);
        WriteCommon(bytes, entry, extraLength: 20);
        bytes.Write(Encoding.UTF8.GetBytes(entry.Name));
        bytes.Write((ushort)1);
        bytes.Write((ushort)16);
        bytes.Write(entry.Length);
        bytes.Write(entry.Length);
    });

    private static byte[] DirectoryHeader(ZipEntry entry, long position) => Write(bytes =>
    {
        bytes.Write(0x02014B50u);
        bytes.Write(Version);
        WriteCommon(bytes, entry, extraLength: 28);
        bytes.Write((ushort)0); // Comment.
        bytes.Write((ushort)0); // Disk.
        bytes.Write((ushort)0); // Internal attributes.
        bytes.Write(0u); // External attributes.
        bytes.Write(In64Bits); // Position.
        bytes.Write(Encoding.UTF8.GetBytes(entry.Name));
        bytes.Write((ushort)1);
        bytes.Write((ushort)24);
        bytes.Write(entry.Length);
        bytes.Write(entry.Length);
        bytes.Write(position);
    });

    private static void WriteCommon(BinaryWriter bytes, ZipEntry entry, ushort extraLength)
    {
        bytes.Write(Version);
        bytes.Write(Utf8Names);
        bytes.Write((ushort)0); // Stored.
        bytes.Write((ushort)0); // Time.
        bytes.Write(FirstDay);
        bytes.Write(entry.Crc);
        bytes.Write(In64Bits); // Compressed size.
        bytes.Write(In64Bits); // Size.
        bytes.Write((ushort)Encoding.UTF8.GetByteCount(entry.Name));
        bytes.Write(extraLength);
    }

    private static byte[] End(int count, long directoryPosition, long directoryBytes) => Write(bytes =>
    {
        bytes.Write(0x06064B50u); // End of the directory, in 64 bits.
        bytes.Write(44L);
        bytes.Write(Version);
        bytes.Write(Version);
        bytes.Write(0u);
        bytes.Write(0u);
        bytes.Write((long)count);
        bytes.Write((long)count);
        bytes.Write(directoryBytes);
        bytes.Write(directoryPosition);

        bytes.Write(0x07064B50u); // Where that stands.
        bytes.Write(0u);
        bytes.Write(directoryPosition + directoryBytes);
        bytes.Write(1u);

        bytes.Write(0x06054B50u); // End of the directory, which refers to the one above.
        bytes.Write((ushort)0);
        bytes.Write((ushort)0);
        bytes.Write(ushort.MaxValue);
        bytes.Write(ushort.MaxValue);
        bytes.Write(In64Bits);
        bytes.Write(In64Bits);
        bytes.Write((ushort)0);
    });

    private static byte[] Write(Action<BinaryWriter> write)
    {
        using var buffer = new MemoryStream();
        using var bytes = new BinaryWriter(buffer);
        write(bytes);
        return buffer.ToArray();
    }
}
