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
            var held = new int[batchSize];
            for (var covered = 0; covered < batchSize;)
            {
                var strip = Strip.After(covered, batchSize, lanes);
                Assert.Equal(covered, strip.Start);
                Assert.InRange(strip.Registers, 1, Strip.MostRegisters);
                Assert.InRange(strip.Overlap(lanes), 0, lanes - 1);
                for (var sample = covered; sample < covered + ((strip.Registers - 1) * lanes); sample++)
                {
                    held[sample]++;
                }

                for (var lane = strip.Overlap(lanes); lane < lanes; lane++)
                {
                    held[strip.Start + strip.Last + lane]++;
                }

                covered = strip.End;
            }

            Assert.All(held, count => Assert.Equal(1, count));
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

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    public unsafe void FirstRow_RowsOfVeryDifferentLength_IsTheFirstBehindItsShareOfTheWork(int exponent)
    {
        const int rows = 5000;
        var random = RandomStream.For((ulong)exponent, RandomPurpose.Topology);
        var offsets = new long[rows + 1];
        for (var row = 0; row < rows; row++)
        {
            offsets[row + 1] = offsets[row] + (long)(2000 * Math.Pow(random.NextDouble(), exponent));
        }

        fixed (long* pointer = offsets)
        {
            var blocks = new RowBlocks(pointer, rows);
            for (var block = 0; block < blocks.Count; block++)
            {
                var share = (offsets[rows] + (8L * rows)) * block / blocks.Count; // a row costs as much as eight connections
                Assert.Equal(Enumerable.Range(0, rows).First(row => offsets[row] + (8L * row) >= share), blocks.FirstRow(block));
            }
        }
    }
}
