namespace SparseService.Engine.Data.Readers;

/// <summary>All images of an IDX file at once.</summary>
public static class IdxImages
{
    private static readonly string[] TrainingNames = ["train-images-idx3-ubyte", "train-images.idx3-ubyte"];

    /// <summary>MNIST's training images in a folder.</summary>
    /// <param name="folder">Holds <c>train-images-idx3-ubyte</c> or <c>train-images-idx3-ubyte.gz</c>.</param>
    /// <returns>[image, row, column], and height and width.</returns>
    /// <exception cref="DatasetFormatException">Not such a file, damaged, or cut off.</exception>
    /// <exception cref="FileNotFoundException">The folder has none.</exception>
    public static (byte[] Pixels, int Height, int Width) ReadTraining(string folder)
    {
        var path = TrainingNames.SelectMany(name => new[] { name, $"{name}.gz" }).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"{folder} has no {TrainingNames[0]}, also not gzipped");
        using var file = File.OpenRead(path);
        if (!path.EndsWith(".gz", StringComparison.Ordinal))
        {
            return Read(file);
        }

        using var content = new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionMode.Decompress);
        try
        {
            return Read(content);
        }
        catch (InvalidDataException fault)
        {
            throw new DatasetFormatException("images", $"damaged ({fault.Message.TrimEnd('.')})", "a complete gzip stream");
        }
    }

    private static (byte[] Pixels, int Height, int Width) Read(Stream stream)
    {
        var header = IdxReader.ReadHeader(stream, "images");
        if (header.Type != NumberType.UInt8 || header.Shape is not [var count, var height, var width]
            || (Int128)count * height * width > Array.MaxLength)
        {
            throw new DatasetFormatException(
                "images shape", string.Join('×', header.Shape), $"images × height × width bytes, at most {Array.MaxLength}");
        }

        var pixels = new byte[count * height * width];
        if (stream.ReadAtLeast(pixels, pixels.Length, throwOnEndOfStream: false) < pixels.Length)
        {
            throw new DatasetFormatException("images", "cut off", $"{pixels.Length} bytes");
        }

        return (pixels, (int)height, (int)width);
    }
}
