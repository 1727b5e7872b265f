using System.Globalization;
using SparseService.Cli.Files;
using SparseService.Engine.Data;

namespace SparseService.Cli.Demo;

/// <summary>Writes a dataset as files that a user might have, so that the demo uploads as a user would.</summary>
internal static class GeneratedFiles
{
    /// <summary>IDX files for images, text tables for everything else.</summary>
    public static void Write(SampleStore data, string name, string folder)
    {
        if (data.Image is { } image)
        {
            WriteImages(data, image, folder, "train", 0, data.TrainRows);
            WriteImages(data, image, folder, "t10k", data.TrainRows, data.Rows);
        }
        else
        {
            WriteTable(data, Path.Combine(folder, $"{name}_train"), 0, data.TrainRows);
            WriteTable(data, Path.Combine(folder, $"{name}_valid"), data.TrainRows, data.Rows);
        }
    }

    private static void WriteImages(SampleStore data, ImageShape image, string folder, string part, long from, long to)
    {
        using var images = new IdxWriter(Path.Combine(folder, $"{part}-images-idx3-ubyte"), (int)(to - from), image.Height, image.Width);
        using var labels = new IdxWriter(Path.Combine(folder, $"{part}-labels-idx1-ubyte"), (int)(to - from));
        var features = new float[data.Features];
        for (var row = from; row < to; row++)
        {
            data.ReadRow(row, features);
            foreach (var feature in features)
            {
                images.Write((byte)feature);
            }

            labels.Write((byte)data.ClassOf(row));
        }
    }

    private static void WriteTable(SampleStore data, string path, long from, long to)
    {
        using var table = new StreamWriter(path + ".data");
        using var labels = new StreamWriter(path + ".labels");
        var features = new float[data.Features];
        for (var row = from; row < to; row++)
        {
            data.ReadRow(row, features);
            table.WriteLine(string.Join(' ', features.Select(feature => feature.ToString(CultureInfo.InvariantCulture))));
            labels.WriteLine(data.ClassNames[data.ClassOf(row)]);
        }
    }
}
