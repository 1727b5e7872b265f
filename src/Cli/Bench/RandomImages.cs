using SparseService.Cli.Files;
using SparseService.Engine;

namespace SparseService.Cli.Bench;

/// <summary>IDX files of Fashion-MNIST's shape with random content: enough to measure time, not to learn from.</summary>
internal static class RandomImages
{
    private const int Side = 28;

    public static void Write(string folder)
    {
        Write(folder, "train", 60_000);
        Write(folder, "t10k", 10_000);
    }

    private static void Write(string folder, string part, int rows)
    {
        var random = RandomStream.For(1, RandomPurpose.GeneratedData, layer: rows);
        using var images = new IdxWriter(Path.Combine(folder, $"{part}-images-idx3-ubyte"), rows, Side, Side);
        using var labels = new IdxWriter(Path.Combine(folder, $"{part}-labels-idx1-ubyte"), rows);
        for (var row = 0; row < rows; row++)
        {
            for (var pixel = 0; pixel < Side * Side; pixel++)
            {
                images.Write((byte)random.NextUInt64());
            }

            labels.Write((byte)random.NextBelow(10));
        }
    }
}
