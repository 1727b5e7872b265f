using System.Text.Json;
using System.Text.Json.Serialization;

namespace SparseService.Engine.Data;

/// <summary>The names and counts of a sample store; the JSON section of its file.</summary>
internal sealed record StoreMetadata(IReadOnlyList<string> ClassNames, IReadOnlyList<long> ClassCounts, IReadOnlyList<string> FeatureNames)
{
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, StoreMetadataJson.Default.StoreMetadata);

    /// <exception cref="DatasetFormatException">Not JSON, or its lists do not fit the store.</exception>
    public static StoreMetadata Read(ReadOnlySpan<byte> json, in StoreTail tail)
    {
        StoreMetadata? read;
        try
        {
            read = JsonSerializer.Deserialize(json, StoreMetadataJson.Default.StoreMetadata);
        }
        catch (JsonException)
        {
            read = null;
        }

        if (read is not { ClassNames: not null, ClassCounts: not null, FeatureNames: not null })
        {
            throw new DatasetFormatException("sample store metadata", "not readable", "JSON with classNames, classCounts and featureNames");
        }

        RequireCount("class names", read.ClassNames.Count, tail.Classes);
        RequireCount("class counts", read.ClassCounts.Count, tail.Classes);
        RequireCount("feature names", read.FeatureNames.Count, read.FeatureNames.Count == 0 ? 0 : tail.Features);
        RequireSum(read.ClassCounts, tail);
        return read.ClassNames.Contains(null!) || read.FeatureNames.Contains(null!)
            ? throw new DatasetFormatException("sample store names", "null", "text")
            : read;
    }

    private static void RequireCount(string what, int count, int expected)
    {
        if (count != expected)
        {
            throw new DatasetFormatException($"sample store {what}", $"{count}", $"{expected}");
        }
    }

    private static void RequireSum(IReadOnlyList<long> counts, in StoreTail tail)
    {
        Int128 sum = 0;
        foreach (var count in counts)
        {
            sum += count is < 0 ? tail.Rows + 1 : count;
        }

        if (!tail.Regression && sum != tail.Rows)
        {
            throw new DatasetFormatException("sample store class counts", $"{sum}", $"the {tail.Rows} rows of the store");
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StoreMetadata))]
internal sealed partial class StoreMetadataJson : JsonSerializerContext;
