using System.ComponentModel.DataAnnotations;

namespace SparseService.Engine.Training;

/// <summary>What a client asks for: the body of <c>POST /v1/runs</c>, a SPEC file of <c>sparse train</c>, and the <c>spec</c> column of a run.</summary>
public sealed record RunSpec
{
    /// <summary>A name for people; need not be unique. At most 200 characters.</summary>
    [StringLength(200, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>Free labels to filter by. At most 32, keys up to 63 and values up to 200 characters.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Which data to train on. Absent only for <c>sparse train --data</c>, which names it on the command line.</summary>
    public DatasetReference? Dataset { get; init; }

    /// <summary>Everything that decides the result: same data, same training options, same backend, same bits.</summary>
    public required TrainingOptions Training { get; init; }
}

/// <summary>Names the data of a run: exactly one of the three properties is given.</summary>
public sealed record DatasetReference
{
    /// <summary>Id of an uploaded dataset.</summary>
    public Guid? Id { get; init; }

    /// <summary>Name of an uploaded dataset; its newest version is taken.</summary>
    [StringLength(200, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>A dataset that the service generates by itself.</summary>
    public GeneratedDataset? Generated { get; init; }
}

public enum GeneratedDatasetKind
{
    Madelon,
    Glyphs,
    Echoes,
}

/// <summary>A dataset that is a function of these four values.</summary>
public sealed record GeneratedDataset
{
    public required GeneratedDatasetKind Kind { get; init; }

    /// <summary>Training rows, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int TrainSamples { get; init; } = 2000;

    /// <summary>Test rows, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int TestSamples { get; init; } = 600;

    public ulong Seed { get; init; } = 1;
}
