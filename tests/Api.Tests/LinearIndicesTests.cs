using System.Runtime.InteropServices;
using SparseService.Api.Models.Archives;

namespace SparseService.Api.Tests;

public sealed class LinearIndicesTests
{
    private const int Rows = 20_000;
    private const int Columns = 70_000;
    private const int Before = 24; // Bytes of something else in front of the arrays.

    [Fact]
    public async Task Read_FromAnyPosition_GivesRowTimesColumnsPlusColumn()
    {
        var random = Engine.RandomStream.For(3, default);
        var (ends, columns, expected) = (new List<long> { 0 }, new List<int>(), new List<long>());
        for (var row = 0L; row < Rows; row++)
        {
            // Most rows are empty; the first and the last one too.
            var count = row is 0 or Rows - 1 || random.NextBelow(3) > 0 ? 0 : random.NextBelow(8);
            for (var k = 0; k < count; k++)
            {
                columns.Add((int)random.NextBelow(Columns));
                expected.Add((row * Columns) + columns[^1]);
            }

            ends.Add(columns.Count);
        }

        using var indices = new LinearIndices(
            File<long>(ends), Before, Rows, File<int>(columns), Before, columns.Count, Columns);
        var whole = MemoryMarshal.AsBytes<long>(expected.ToArray()).ToArray();
        Assert.Equal(whole.Length, indices.Length);
        using var copy = new MemoryStream();
        await indices.CopyToAsync(copy, 10_007, TestContext.Current.CancellationToken);
        Assert.Equal(whole, copy.ToArray());
        for (var i = 0; i < 50; i++)
        {
            var from = (int)random.NextBelow(whole.Length);
            var part = new byte[Math.Min(whole.Length - from, 1 + random.NextBelow(200))];
            indices.Position = from;
            await indices.ReadExactlyAsync(part, TestContext.Current.CancellationToken);
            Assert.Equal(whole[from..(from + part.Length)], part);
        }
    }

    private static MemoryStream File<T>(List<T> numbers)
        where T : unmanaged => new([.. new byte[Before], .. MemoryMarshal.AsBytes<T>(numbers.ToArray())]);
}
