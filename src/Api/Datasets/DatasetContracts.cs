using SparseService.Engine.Data;
using SparseService.Engine.Training;

namespace SparseService.Api.Datasets;

/// <summary>Makes a dataset of completed uploads.</summary>
public sealed record CreateDatasetRequest : IRequestBody
{
    /// <summary>A name may have many versions; other content makes the next one.</summary>
    /// <example>fashion-mnist</example>
    public required string Name { get; init; }

    /// <example>idx</example>
    public required DatasetFormat Format { get; init; }

    /// <summary>CSV: name of the label column, or its number from 1; absent = the last one.</summary>
    public string? LabelColumn { get; init; }

    /// <summary>True when the labels are numbers to predict.</summary>
    public bool Regression { get; init; }

    /// <summary>Upload ids by role: train, test, trainSamples, trainLabels, testSamples, testLabels, as the format needs.</summary>
    public required IReadOnlyDictionary<string, Guid> Files { get; init; }

    public IEnumerable<ApiFault> Faults()
    {
        if (!Names.IsAllowed(Name))
        {
            yield return ApiFault.Of("$.name", Name, Names.Allowed);
        }

        if (LabelColumn is { Length: 0 or > 200 })
        {
            yield return ApiFault.Of("$.labelColumn", LabelColumn, "1 to 200 characters");
        }

        foreach (var fault in DatasetFiles.Faults(Format, Files))
        {
            yield return fault;
        }
    }
}

/// <summary>Makes a dataset that the service generates: a function of kind, sizes and seed.</summary>
public sealed record GenerateDatasetRequest : IRequestBody
{
    /// <example>glyphs-small</example>
    public required string Name { get; init; }

    /// <example>glyphs</example>
    public required GeneratedDatasetKind Kind { get; init; }

    public int TrainSamples { get; init; } = 2000;

    public int TestSamples { get; init; } = 600;

    public ulong Seed { get; init; } = 1;

    internal GeneratedDataset Generated => new() { Kind = Kind, TrainSamples = TrainSamples, TestSamples = TestSamples, Seed = Seed };

    public IEnumerable<ApiFault> Faults()
    {
        if (!Names.IsAllowed(Name))
        {
            yield return ApiFault.Of("$.name", Name, Names.Allowed);
        }

        if (TrainSamples is < 1 or > 1_000_000)
        {
            yield return ApiFault.Of("$.trainSamples", TrainSamples, "1 to 1,000,000");
        }

        if (TestSamples is < 1 or > 1_000_000)
        {
            yield return ApiFault.Of("$.testSamples", TestSamples, "1 to 1,000,000");
        }
    }
}

public sealed record DatasetResponse
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public required int Version { get; init; }

    /// <summary>SHA-256 of the sample store: equal content has an equal hash.</summary>
    public required string ContentHash { get; init; }

    /// <summary>Absent for a generated dataset.</summary>
    public DatasetFormat? Format { get; init; }

    public required long Bytes { get; init; }

    public required long Rows { get; init; }

    public required long TrainRows { get; init; }

    /// <summary>0 when the dataset brings no test part; a run then holds a share of the rows out.</summary>
    public required long TestRows { get; init; }

    public required int Features { get; init; }

    /// <summary>0 when the labels are numbers to predict.</summary>
    public required int Classes { get; init; }

    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>Rows of each class, in the order of classNames.</summary>
    public required IReadOnlyList<long> ClassCounts { get; init; }

    /// <summary>Given when a row is an image; feature = (y·width + x)·channels + c.</summary>
    public int? ImageHeight { get; init; }

    public int? ImageWidth { get; init; }

    public int? ImageChannels { get; init; }

    public required Guid OwnerId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    internal static DatasetResponse From(Dataset dataset) => new()
    {
        Id = dataset.Id,
        Name = dataset.Name,
        Version = dataset.Version,
        ContentHash = dataset.ContentHash,
        Format = dataset.Format,
        Bytes = dataset.Bytes,
        Rows = dataset.Rows,
        TrainRows = dataset.TrainRows,
        TestRows = dataset.Rows - dataset.TrainRows,
        Features = dataset.Features,
        Classes = dataset.Classes,
        ClassNames = dataset.ClassNames,
        ClassCounts = dataset.ClassCounts,
        ImageHeight = dataset.ImageHeight,
        ImageWidth = dataset.ImageWidth,
        ImageChannels = dataset.ImageChannels,
        OwnerId = dataset.OwnerId,
        CreatedAt = dataset.CreatedAt,
    };
}

/// <summary>Some rows of a dataset, as they are stored (not normalised).</summary>
public sealed record DatasetPreviewResponse
{
    public required IReadOnlyList<string> FeatureNames { get; init; }

    /// <summary>Given when a row is an image, so that it can be drawn.</summary>
    public ImageShape? Image { get; init; }

    public required IReadOnlyList<DatasetRow> Rows { get; init; }

    /// <summary>Statistics over the shown rows.</summary>
    public required PreviewStatistics Statistics { get; init; }
}

/// <param name="Row">From 0.</param>
/// <param name="Label">The class's name, or the number to predict.</param>
public sealed record DatasetRow(long Row, string Label, IReadOnlyList<float> Features);

public sealed record PreviewStatistics(float Minimum, float Maximum, double Mean, double StandardDeviation);
