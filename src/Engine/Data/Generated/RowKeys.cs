using SparseService.Engine.Training;

namespace SparseService.Engine.Data.Generated;

/// <summary>Random streams of a generated dataset. Rows, blocks of rows and the dataset's own constants never share one.</summary>
internal readonly struct RowKeys(ulong seed, GeneratedDatasetKind kind)
{
    /// <summary>What all rows have in common.</summary>
    public RandomStream Constants() => RandomStream.For(seed, RandomPurpose.GeneratedData, -1, (int)kind);

    public RandomStream Row(int part, int row) => RandomStream.For(seed, RandomPurpose.GeneratedData, row, Layer(part));

    /// <summary>
    /// Which of <paramref name="groups"/> a row belongs to: each run of that many rows holds every group once, in an order of its own.
    /// So groups are balanced in any prefix of a part, and still a row can be drawn alone.
    /// </summary>
    public int GroupOf(int part, int row, int groups)
    {
        Span<byte> order = stackalloc byte[64];
        order = order[..groups];
        for (var i = 0; i < groups; i++)
        {
            order[i] = (byte)i;
        }

        RandomStream.For(seed, RandomPurpose.GeneratedData, -2 - (row / groups), Layer(part)).Shuffle(order);
        return order[row % groups];
    }

    private long Layer(int part) => (part * 16) + (int)kind;
}
