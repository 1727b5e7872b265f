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

    /// <summary>Four 16-bit uniforms summed: mean 0, deviation 1, bell-shaped; a tenth of a logarithm's and a cosine's cost.</summary>
    public static double Bell(ulong bits)
    {
        var sum = (double)(bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48);
        return ((sum / 65535) - 2) * 1.7320508075688772;
    }

    private long Layer(int part) => (part * 16) + (int)kind;
}
