using SparseService.Engine.Kernels;

namespace SparseService.Engine.Tests.Kernels;

public class BackendTests
{
    [Fact]
    public void Create_KnownName_HasIt()
    {
        foreach (var name in Backend.Available)
        {
            using var backend = Backend.Create(name, 1);
            Assert.Equal(name, backend.Name);
        }
    }

    [Fact]
    public void Create_UnknownName_ListsTheNames()
    {
        var error = Assert.Throws<ArgumentException>(() => Backend.Create("gpu"));
        Assert.Contains("name is 'gpu'; allowed: reference, simd", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_NegativeThreads_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => Backend.Create("simd", -1));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(16)]
    public void StripAfter_AnyBatch_CoversItWithoutLeavingIt(int lanes)
    {
        for (var batchSize = lanes; batchSize < 400; batchSize++)
        {
            var covered = 0;
            while (covered < batchSize)
            {
                var strip = Strip.After(covered, batchSize, lanes);
                Assert.InRange(strip.Start, 0, covered);
                Assert.InRange(strip.End, covered + 1, batchSize);
                Assert.Equal(strip.Registers * lanes, strip.End - strip.Start);
                Assert.Contains(strip.Registers, new[] { 1, 2, 4, 8 });
                covered = strip.End;
            }
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(1, 50_000)]
    [InlineData(3000, 0)]
    [InlineData(3000, 17)]
    [InlineData(100_000, 13)]
    public unsafe void RowBlocks_AnyMatrix_CoverEachRowOnceInOrder(int rows, int connectionsPerRow)
    {
        // Every seventh row is empty.
        var offsets = new long[rows + 1];
        for (var row = 0; row < rows; row++)
        {
            offsets[row + 1] = offsets[row] + (row % 7 == 6 ? 0 : connectionsPerRow);
        }

        fixed (long* pointer = offsets)
        {
            var blocks = new RowBlocks(pointer, rows);
            var next = 0;
            for (var block = 0; block < blocks.Count; block++)
            {
                Assert.Equal(next, blocks.FirstRow(block));
                next = blocks.EndRow(block);
            }

            Assert.Equal(rows, next);
            Assert.InRange(blocks.Count, Math.Min(rows, 1), RowBlocks.MostBlocks);
        }
    }
}
