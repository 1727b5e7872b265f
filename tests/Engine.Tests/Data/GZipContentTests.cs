using System.IO.Compression;
using SparseService.Engine.Data.Readers;
using static SparseService.Engine.Tests.Data.DatasetBytes;

namespace SparseService.Engine.Tests.Data;

public class GZipContentTests
{
    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Read_EveryLengthOfFile_GivesAllOrFails(CompressionLevel level)
    {
        var random = RandomStream.For(4, RandomPurpose.GeneratedData);
        for (var length = 0; length < 700; length += 23)
        {
            var content = new byte[length];
            foreach (ref var item in content.AsSpan())
            {
                item = (byte)random.NextUInt64();
            }

            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, level, leaveOpen: true))
            {
                gzip.Write(content);
            }

            // The framework writes nothing at all for an empty content.
            if (packed.Length > 0)
            {
                Assert.Equal(content, ReadAll(packed.ToArray()));
            }

            for (var cut = 1; cut < packed.Length; cut++)
            {
                Assert.Throws<InvalidDataException>(() => ReadAll(packed.ToArray()[..^cut]));
            }
        }
    }

    // The end of the file falls on every place of the framework's 8 KiB input buffer.
    [Fact]
    public void Read_SeveralMembersOfAnySize_GivesThemInARow()
    {
        var random = RandomStream.For(4, RandomPurpose.GeneratedData);
        for (var length = 8000; length < 8300; length += 3)
        {
            var content = new byte[length];
            foreach (ref var item in content.AsSpan())
            {
                item = (byte)random.NextUInt64();
            }

            byte[] members = [.. GZip(content), .. GZip([1, 2, 3])];
            Assert.Equal([.. content, 1, 2, 3], ReadAll(members));
            Assert.Equal(content, ReadAll(GZip(content)));
            Assert.Throws<InvalidDataException>(() => ReadAll([.. members, 0]));
        }
    }

    private static byte[] ReadAll(byte[] file)
    {
        using var content = new GZipContent(new MemoryStream(file));
        var all = new List<byte>();
        var buffer = new byte[97];
        for (var read = content.Read(buffer); read > 0; read = content.Read(buffer))
        {
            all.AddRange(buffer.AsSpan(0, read));
        }

        return [.. all];
    }
}
