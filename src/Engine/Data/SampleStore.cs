using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Data;

/// <summary>
/// All samples and labels of a dataset in one memory-mapped, immutable file: rows of a training part, then rows of a test part.
/// Features are bytes (images) or float32, row-major. Safe to read from several threads; <see cref="Dispose"/> only after the last of them.
/// </summary>
public sealed unsafe class SampleStore : IDisposable
{
    private readonly StoreTail tail;
    private readonly StoreMetadata metadata;
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly Lazy<string> contentHash;
    private byte* file;

    private SampleStore(in StoreTail tail, StoreMetadata metadata, MemoryMappedFile map)
    {
        this.tail = tail;
        this.metadata = metadata;
        this.map = map;
        view = map.CreateViewAccessor(0, tail.FileLength, MemoryMappedFileAccess.Read);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref file);
        file += view.PointerOffset;
        contentHash = new Lazy<string>(Hash);
    }

    /// <summary>Opens a store; every size in it is held against the file's length first.</summary>
    /// <exception cref="DatasetFormatException">Not a sample store, or a damaged one.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static SampleStore Open(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        try
        {
            var tail = ReadTail(stream);
            var json = new byte[tail.MetadataLength];
            stream.Position = tail.MetadataOffset;
            stream.ReadExactly(json);
            var metadata = StoreMetadata.Read(json, tail);
            var map = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            return new SampleStore(tail, metadata, map);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>SHA-256 of the file, lower-case hex. Identifies the dataset's content. The first use reads the whole file.</summary>
    public string ContentHash => contentHash.Value;

    public long Rows => tail.Rows;

    /// <summary>
    /// Rows [0, TrainRows) are the training part; the others the test part. Equal to <see cref="Rows"/> when the dataset brought no test
    /// part.
    /// </summary>
    public long TrainRows => tail.TrainRows;

    public int Features => tail.Features;

    /// <summary>Number of classes; 0 when labels are regression targets.</summary>
    public int Classes => tail.Classes;

    /// <summary>
    /// One per class, e.g. the text of the label column; decimal numbers where labels were numbers. Empty for
    /// regression.
    /// </summary>
    public IReadOnlyList<string> ClassNames => metadata.ClassNames;

    /// <summary>Column names; empty when the source had none.</summary>
    public IReadOnlyList<string> FeatureNames => metadata.FeatureNames;

    /// <summary>Height, width and channels when a row is an image, else null. Feature = (y·width + x)·channels + c.</summary>
    public ImageShape? Image => tail.Image;

    /// <summary>Samples per class over all rows; empty for regression.</summary>
    public IReadOnlyList<long> ClassCounts => metadata.ClassCounts;

    internal SampleElement Element => tail.Element;

    /// <summary>Bytes of one row's features.</summary>
    internal long RowBytes => tail.RowBytes;

    /// <summary>All rows in the mapped file, side by side; valid until <see cref="Dispose"/>.</summary>
    internal byte* FeatureBytes => Mapped + StoreTail.FeaturesOffset;

    private byte* Mapped
    {
        get
        {
            ObjectDisposedException.ThrowIf(file is null, this);
            return file;
        }
    }

    /// <summary>Class of a row, from 0; only for classification.</summary>
    /// <exception cref="DatasetFormatException">The store is damaged: the row's class is none of <see cref="ClassNames"/>.</exception>
    public int ClassOf(long row)
    {
        var label = tail.Regression ? throw new InvalidOperationException("A regression dataset has targets, not classes.") : Label(row);
        return (uint)label < (uint)tail.Classes
            ? label
            : throw new DatasetFormatException("sample store label", $"{label}", $"0 to {tail.Classes - 1}", row + 1);
    }

    /// <summary>Regression target of a row.</summary>
    public float TargetOf(long row) => tail.Regression
        ? BitConverter.Int32BitsToSingle(Label(row))
        : throw new InvalidOperationException("A classification dataset has classes, not targets.");

    /// <summary>Raw features of a row, converted to float (bytes stay 0 to 255).</summary>
    /// <param name="row">0 to Rows − 1.</param>
    /// <param name="features">Length = <see cref="Features"/>.</param>
    public void ReadRow(long row, Span<float> features)
    {
        RequireRow(row);
        RequireLength(features.Length, Features, nameof(features));
        if (tail.Element == SampleElement.Float)
        {
            FloatRow(row).CopyTo(features);
            return;
        }

        var bytes = ByteRow(row);
        for (var i = 0; i < bytes.Length; i++)
        {
            features[i] = bytes[i];
        }
    }

    /// <summary>
    /// Gathers a minibatch, transposed and normalised: x[f·B + s] = (raw[rows[s], f] − shift[f])·scale[f] with B =
    /// batchSize.
    /// </summary>
    /// <param name="rows">The samples of the minibatch; a row may come more than once.</param>
    /// <param name="shift">Per feature, as <see cref="Normalization"/> computed it from the training part.</param>
    /// <param name="scale">Per feature.</param>
    /// <param name="x">[feature, sample]; length = Features·B; overwritten, with 0 for the samples behind the rows.</param>
    /// <param name="batchSize">B, at least the number of rows.</param>
    /// <param name="backend">Its threads do the work.</param>
    public void Gather(ReadOnlySpan<int> rows, ReadOnlySpan<float> shift, ReadOnlySpan<float> scale, Span<float> x, int batchSize, Backend backend)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, rows.Length);
        RequireLength(shift.Length, Features, nameof(shift));
        RequireLength(scale.Length, Features, nameof(scale));
        RequireLength(x.Length, (long)Features * batchSize, nameof(x));
        RequireRows(rows);
        fixed (float* shiftAt = shift, scaleAt = scale, xAt = x)
        {
            MinibatchGather.Run(new(FeatureBytes, tail.Element, Features, shiftAt, scaleAt, xAt, batchSize), rows, backend);
        }
    }

    /// <summary>Gathers the bytes of a minibatch, transposed: x[f·B + s] = raw[rows[s], f] with B = batchSize.</summary>
    /// <param name="rows">The samples of the minibatch, at least one; a row may come more than once.</param>
    /// <param name="x">[feature, sample]; overwritten, behind the last sample with that one again.</param>
    /// <param name="batchSize">B, at least the number of rows.</param>
    /// <param name="backend">Its threads do the work.</param>
    /// <exception cref="InvalidOperationException">The features are no bytes.</exception>
    internal void GatherBytes(ReadOnlySpan<int> rows, DeviceBuffer<byte> x, int batchSize, Backend backend)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, rows.Length);
        ArgumentOutOfRangeException.ThrowIfZero(rows.Length);
        if (Element != SampleElement.Byte)
        {
            throw new InvalidOperationException("The features are no bytes.");
        }

        RequireRows(rows);
        fixed (int* first = rows)
        {
            ByteGather.Run(FeatureBytes, Features, first, rows.Length, x.Pointer, batchSize, backend);
        }
    }

    public void Dispose()
    {
        if (file is null)
        {
            return;
        }

        file = null;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
    }

    /// <summary>A row's bytes in the mapped file; valid until <see cref="Dispose"/>; only for byte features.</summary>
    internal ReadOnlySpan<byte> ByteRow(long row) => new(FeatureBytes + (row * tail.RowBytes), Features);

    /// <summary>A row's values in the mapped file; valid until <see cref="Dispose"/>; only for float features.</summary>
    internal ReadOnlySpan<float> FloatRow(long row) => new(FeatureBytes + (row * tail.RowBytes), Features);

    private static StoreTail ReadTail(FileStream stream)
    {
        var length = stream.Length;
        if (length < StoreTail.FeaturesOffset + StoreTail.Bytes)
        {
            throw new DatasetFormatException(
                "sample store file length", $"{length}", $"at least {StoreTail.FeaturesOffset + StoreTail.Bytes}");
        }

        Span<byte> block = stackalloc byte[StoreTail.Bytes];
        stream.ReadExactly(block[..8]);
        if (!block[..8].SequenceEqual(StoreTail.Magic))
        {
            throw new DatasetFormatException("sample store magic", Convert.ToHexString(block[..8]), "a sample store");
        }

        stream.Position = length - StoreTail.Bytes;
        stream.ReadExactly(block);
        return StoreTail.Read(block, length);
    }

    private int Label(long row)
    {
        RequireRow(row);
        return ((int*)(Mapped + tail.LabelsOffset))[row];
    }

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        const int Chunk = 1 << 24;
        for (long at = 0; at < tail.FileLength; at += Chunk)
        {
            hash.AppendData(new ReadOnlySpan<byte>(Mapped + at, (int)Math.Min(Chunk, tail.FileLength - at)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void RequireRows(ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
        {
            RequireRow(row);
        }
    }

    private void RequireRow(long row)
    {
        if ((ulong)row >= (ulong)tail.Rows)
        {
            throw new ArgumentOutOfRangeException(nameof(row), row, $"Row must be 0 to {tail.Rows - 1}.");
        }
    }

    private static void RequireLength(int length, long expected, string name)
    {
        if (length != expected)
        {
            throw new ArgumentException($"Length is {length}; it must be {expected}.", name);
        }
    }
}

public sealed record ImageShape(int Height, int Width, int Channels);
