namespace SparseService.Engine.Partitioning;

/// <summary>Assignments that look at no connection, to compare with. Parts differ by at most one row.</summary>
internal static class SimpleAssignment
{
    /// <summary>Rows in contiguous blocks: row r of n goes to part ⌊r·parts/n⌋.</summary>
    public static int[] Block(int rows, int parts)
    {
        var owners = new int[rows];
        for (var row = 0; row < rows; row++)
        {
            owners[row] = (int)((long)row * parts / rows);
        }

        return owners;
    }

    /// <summary>The same numbers of rows, dealt out at random.</summary>
    /// <param name="layer">Part of the random key.</param>
    public static int[] Random(int rows, int parts, ulong seed, int layer)
    {
        var owners = Block(rows, parts);
        RandomStream.For(seed, RandomPurpose.Partition, epoch: 0, layer).Shuffle(owners.AsSpan());
        return owners;
    }
}
