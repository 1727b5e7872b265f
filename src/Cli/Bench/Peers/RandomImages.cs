using System.Runtime.InteropServices;
using SparseService.Cli.Files;
using SparseService.Engine;

namespace SparseService.Cli.Bench.Peers;

/// <summary>IDX files with random content: enough to measure time, not to learn from.</summary>
internal static class RandomImages
{
    /// <param name="classes">At most 256.</param>
    public static void Write(string folder, int trainRows, int testRows, int height, int width, int classes)
    {
        Write(folder, "train", trainRows, height, width, classes);
        Write(folder, "t10k", testRows, height, width, classes);
    }

    private static void Write(string folder, string part, int rows, int height, int width, int classes)
    {
        var random = RandomStream.For(1, RandomPurpose.GeneratedData, layer: rows);
        using var images = new IdxWriter(Path.Combine(folder, $"{part}-images-idx3-ubyte"), rows, height, width);
        using var labels = new IdxWriter(Path.Combine(folder, $"{part}-labels-idx1-ubyte"), rows);
        var words = new ulong[((height * width) + 7) / 8];
        for (var row = 0; row < rows; row++)
        {
            foreach (ref var word in words.AsSpan())
            {
                word = random.NextUInt64();
            }

            images.Write(MemoryMarshal.AsBytes(words.AsSpan())[..(height * width)]);

            // Every class occurs, also in a few rows.
            labels.Write((byte)(row < classes ? row : random.NextBelow(classes)));
        }
    }
}
