using System.Buffers.Binary;

namespace SparseService.Engine.Data;

internal enum SampleElement
{
    Byte = 0,
    Float = 1,
}

/// <summary>
/// The fixed block that ends a sample store. It stands at the end so that a store is written, and hashed, strictly from front to back
/// although the number of rows is known last. Every offset follows from it, so there is no offset that could lie.
/// </summary>
/// <remarks>
/// Layout of the file, little-endian: magic, zeros to 64 · features, row-major · zeros to a multiple of 64 · one 4-byte label per row
/// (class as int32, or target as float32) · metadata, JSON · this block: magic, then the fields below in order, zeros to 128 bytes.
/// </remarks>
internal readonly record struct StoreTail
{
    public const int Bytes = 128;
    public const int FeaturesOffset = 64;
    public const int Version = 1;
    public const int MetadataBytesMax = 256 << 20;

    private const int FeaturesMax = 1 << 24;
    private const int ClassesMax = 1 << 20;
    private const int MetadataLengthAt = 56;

    public static ReadOnlySpan<byte> Magic => "SPSTORE1"u8;

    public required SampleElement Element { get; init; }

    public required bool Regression { get; init; }

    public required int Features { get; init; }

    public required int Classes { get; init; }

    public required ImageShape? Image { get; init; }

    public required long Rows { get; init; }

    public required long TrainRows { get; init; }

    public required long MetadataLength { get; init; }

    public long RowBytes => (long)Features * (Element == SampleElement.Byte ? 1 : sizeof(float));

    public long LabelsOffset => Aligned(FeaturesOffset + (Rows * RowBytes));

    public long MetadataOffset => LabelsOffset + (Rows * sizeof(int));

    public long FileLength => MetadataOffset + MetadataLength + Bytes;

    public static long Aligned(long offset) => (offset + 63) & ~63L;

    public void Write(Span<byte> block)
    {
        block[..Bytes].Clear();
        Magic.CopyTo(block);
        Span<int> small =
        [
            Version, (int)Element, Regression ? 1 : 0, Features, Classes, Image?.Height ?? 0, Image?.Width ?? 0, Image?.Channels ?? 0,
        ];
        for (var i = 0; i < small.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(block[(8 + (4 * i))..], small[i]);
        }

        BinaryPrimitives.WriteInt64LittleEndian(block[40..], Rows);
        BinaryPrimitives.WriteInt64LittleEndian(block[48..], TrainRows);
        BinaryPrimitives.WriteInt64LittleEndian(block[MetadataLengthAt..], MetadataLength);
    }

    /// <summary>Reads the block and holds every size against the file's length before anything is mapped or allocated.</summary>
    /// <exception cref="DatasetFormatException">A field is out of range, or the sizes do not add up to the file.</exception>
    public static StoreTail Read(ReadOnlySpan<byte> block, long fileLength)
    {
        Require(block[..8].SequenceEqual(Magic), "magic", Convert.ToHexString(block[..8]), "a sample store");
        var version = BinaryPrimitives.ReadInt32LittleEndian(block[8..]);
        Require(version == Version, "version", version, $"{Version}");
        var element = Field(block, 12, "element type", 0, 1);
        var regression = Field(block, 16, "label kind", 0, 1) == 1;
        var features = Field(block, 20, "features", 1, FeaturesMax);
        var classes = Field(block, 24, "classes", regression ? 0 : 1, regression ? 0 : ClassesMax);
        var image = ReadImage(block, features);
        var tail = new StoreTail
        {
            Element = (SampleElement)element,
            Regression = regression,
            Features = features,
            Classes = classes,
            Image = image,
            Rows = BinaryPrimitives.ReadInt64LittleEndian(block[40..]),
            TrainRows = BinaryPrimitives.ReadInt64LittleEndian(block[48..]),
            MetadataLength = BinaryPrimitives.ReadInt64LittleEndian(block[MetadataLengthAt..]),
        };
        Require(tail.Rows is >= 1 and <= int.MaxValue, "rows", tail.Rows, $"1 to {int.MaxValue}");
        Require(tail.TrainRows >= 1 && tail.TrainRows <= tail.Rows, "training rows", tail.TrainRows, $"1 to {tail.Rows}");
        Require(tail.MetadataLength is >= 2 and <= MetadataBytesMax, "metadata length", tail.MetadataLength, $"2 to {MetadataBytesMax}");

        // rows < 2³¹ and row bytes ≤ 2²⁶: the sum stays below 2⁵⁸, so nothing overflows.
        Require(tail.FileLength == fileLength, "file length", fileLength, $"{tail.FileLength}, as the store's own sizes say");
        Require(!block[64..Bytes].ContainsAnyExcept((byte)0), "reserved bytes", "not zero", "zero");
        return tail;
    }

    private static ImageShape? ReadImage(ReadOnlySpan<byte> block, int features)
    {
        var height = Field(block, 28, "image height", 0, features);
        var width = Field(block, 32, "image width", 0, features);
        var channels = Field(block, 36, "image channels", 0, features);
        if (height == 0 && width == 0 && channels == 0)
        {
            return null;
        }

        var shape = new ImageShape(height, width, channels);
        Require((Int128)height * width * channels == features, "image shape", shape, $"height·width·channels = {features} features");
        return shape;
    }

    private static int Field(ReadOnlySpan<byte> block, int at, string name, int low, int high)
    {
        var value = BinaryPrimitives.ReadInt32LittleEndian(block[at..]);
        Require(value >= low && value <= high, name, value, $"{low} to {high}");
        return value;
    }

    private static void Require(bool holds, string name, object value, string allowed)
    {
        if (!holds)
        {
            throw new DatasetFormatException($"sample store {name}", $"{value}", allowed);
        }
    }
}
