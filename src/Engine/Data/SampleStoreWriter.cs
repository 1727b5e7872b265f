using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SparseService.Engine.Data;

/// <summary>What a store's rows look like; known before the first row.</summary>
internal sealed record SampleLayout(int Features, SampleElement Element, bool Regression)
{
    public ImageShape? Image { get; init; }

    public IReadOnlyList<string> FeatureNames { get; init; } = [];
}

/// <summary>
/// Writes a sample store front to back in constant memory: rows as they come, labels into a spool beside, then labels, names and sizes.
/// The file appears under its name only when complete; the same content always gives the same bytes.
/// </summary>
internal sealed class SampleStoreWriter : IDisposable
{
    private const int BufferBytes = 1 << 20;

    private readonly string path;
    private readonly string temporaryPath;
    private readonly SampleLayout layout;
    private readonly DatasetLimits limits;
    private readonly FileStream file;
    private readonly FileStream labels;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] buffer = new byte[BufferBytes];
    private readonly long rowBytes;
    private int buffered;
    private long written;
    private long featureBytes;
    private bool completed;

    /// <param name="path">Where the store will be; its folder must exist.</param>
    /// <param name="layout">Shape and type of the rows.</param>
    /// <param name="limits">Rows and bytes at which writing stops with <see cref="DatasetFormatException"/>.</param>
    public SampleStoreWriter(string path, SampleLayout layout, DatasetLimits limits)
    {
        this.path = path;
        this.layout = layout;
        this.limits = limits;
        rowBytes = (long)layout.Features * (layout.Element == SampleElement.Byte ? 1 : sizeof(float));
        temporaryPath = TemporaryPath(path);
        file = new FileStream(temporaryPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            labels = new FileStream(
                TemporaryPath(path), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        }
        catch
        {
            file.Dispose();
            File.Delete(temporaryPath);
            throw;
        }

        Put(StoreTail.Magic);
        PadTo(StoreTail.FeaturesOffset);
    }

    /// <summary>Whole rows so far.</summary>
    public long Rows => featureBytes / rowBytes;

    public long Labels { get; private set; }

    /// <summary>Set when the training part is complete; null as long as there is no test part.</summary>
    public long? TrainRows { get; private set; }

    public static string TemporaryPath(string path) => $"{path}.{Path.GetRandomFileName()}.tmp";

    /// <summary>Raw bytes of one or more rows, or of a piece of one; for <see cref="SampleElement.Byte"/>.</summary>
    public void Append(ReadOnlySpan<byte> features) => PutFeatures(features);

    /// <summary>Values of one or more rows, or of a piece of one; for <see cref="SampleElement.Float"/>.</summary>
    public void Append(ReadOnlySpan<float> features) => PutFeatures(MemoryMarshal.AsBytes(features));

    /// <summary>A class under the number that <see cref="Complete"/> will translate.</summary>
    public void AppendLabel(int provisionalClass) => PutLabel(provisionalClass);

    public void AppendTarget(float target) => PutLabel(BitConverter.SingleToInt32Bits(target));

    /// <summary>What follows is the test part.</summary>
    public void BeginTestPart() => TrainRows = Rows;

    /// <summary>Ends the file and gives it its name.</summary>
    /// <param name="classNames">Names in class order; empty for regression.</param>
    /// <param name="classOf">Class of each provisional number; empty for regression.</param>
    /// <returns>SHA-256 of the file, lower-case hex.</returns>
    /// <exception cref="DatasetFormatException">No rows, or not one label per row.</exception>
    public string Complete(IReadOnlyList<string> classNames, ReadOnlySpan<int> classOf)
    {
        RequireWhole();
        PadTo(StoreTail.Aligned(StoreTail.FeaturesOffset + featureBytes));
        var counts = PutLabels(classNames.Count, classOf);
        var metadata = new StoreMetadata(classNames, counts, layout.FeatureNames).ToJson();
        if (metadata.Length > StoreTail.MetadataBytesMax)
        {
            throw new DatasetFormatException(
                "column names", $"{metadata.Length} bytes", $"at most {StoreTail.MetadataBytesMax} bytes in all");
        }

        Put(metadata);
        Span<byte> block = stackalloc byte[StoreTail.Bytes];
        var tail = new StoreTail
        {
            Element = layout.Element,
            Regression = layout.Regression,
            Features = layout.Features,
            Classes = classNames.Count,
            Image = layout.Image,
            Rows = Rows,
            TrainRows = TrainRows ?? Rows,
            MetadataLength = metadata.Length,
        };
        tail.Write(block);
        Put(block);
        Flush();
        file.Flush(flushToDisk: true);
        file.Dispose();
        File.Move(temporaryPath, path, overwrite: true);
        completed = true;
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose()
    {
        file.Dispose();
        labels.Dispose();
        hash.Dispose();
        if (!completed)
        {
            File.Delete(temporaryPath);
        }
    }

    private void RequireWhole()
    {
        if (Rows == 0 || TrainRows == 0)
        {
            throw new DatasetFormatException("rows", "0", "at least 1 training row");
        }

        if (featureBytes % rowBytes != 0 || Labels != Rows)
        {
            throw new DatasetFormatException("labels", $"{Labels}", $"one for each of the {Rows} rows");
        }
    }

    private long[] PutLabels(int classes, ReadOnlySpan<int> classOf)
    {
        labels.Position = 0;
        var counts = new long[classes];
        var chunk = new int[1 << 14];
        for (var left = Labels; left > 0;)
        {
            var some = chunk.AsSpan(0, (int)Math.Min(left, chunk.Length));
            labels.ReadExactly(MemoryMarshal.AsBytes(some));
            if (!layout.Regression)
            {
                foreach (ref var label in some)
                {
                    label = classOf[label];
                    counts[label]++;
                }
            }

            Put(MemoryMarshal.AsBytes(some));
            left -= some.Length;
        }

        return counts;
    }

    private void PutFeatures(ReadOnlySpan<byte> bytes)
    {
        featureBytes += bytes.Length;
        if (Rows > limits.Rows)
        {
            throw new DatasetFormatException("rows", $"more than {limits.Rows}", $"at most {limits.Rows}");
        }

        if (featureBytes + (Rows * sizeof(int)) > limits.StoreBytes)
        {
            throw new DatasetFormatException(
                "dataset",
                $"more than {limits.StoreBytes} bytes as a sample store",
                $"at most {limits.StoreBytes} bytes ({rowBytes} bytes per row)");
        }

        Put(bytes);
    }

    private void PutLabel(int bits)
    {
        labels.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in bits)));
        Labels++;
    }

    private void PadTo(long offset)
    {
        Span<byte> zeros = stackalloc byte[64];
        zeros.Clear();
        Put(zeros[..(int)(offset - written)]);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        written += bytes.Length;
        while (!bytes.IsEmpty)
        {
            var some = bytes[..Math.Min(bytes.Length, BufferBytes - buffered)];
            some.CopyTo(buffer.AsSpan(buffered));
            buffered += some.Length;
            bytes = bytes[some.Length..];
            if (buffered == BufferBytes)
            {
                Flush();
            }
        }
    }

    private void Flush()
    {
        hash.AppendData(buffer, 0, buffered);
        file.Write(buffer, 0, buffered);
        buffered = 0;
    }
}
