using SparseService.Engine.Data;

namespace SparseService.Api.Models;

public sealed record ModelResponse
{
    public required Guid Id { get; init; }

    public required Guid RunId { get; init; }

    public required Guid OwnerId { get; init; }

    public required string Name { get; init; }

    /// <summary>Of the run that it comes from; absent when the run has none.</summary>
    public string? RunName { get; init; }

    /// <summary>The dataset that it was trained on.</summary>
    public required Guid DatasetId { get; init; }

    public required string DatasetName { get; init; }

    /// <summary>The checkpoint that it was promoted from, which may be gone by now; absent for the run's own result.</summary>
    public Guid? CheckpointId { get; init; }

    /// <summary>Epochs that it was trained for.</summary>
    public required int Epoch { get; init; }

    /// <summary>SHA-256 of the bytes; also the download's ETag.</summary>
    public required string ContentHash { get; init; }

    public required long Bytes { get; init; }

    /// <summary>Bytes of the dense float32 twin.</summary>
    public required long DenseBytes { get; init; }

    /// <summary>Stored connections.</summary>
    public required long Nnz { get; init; }

    public required long DenseParameters { get; init; }

    public required int Features { get; init; }

    public required int Outputs { get; init; }

    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>Given when a row is an image; feature = (y·width + x)·channels + c.</summary>
    public ImageShape? Image { get; init; }

    public double? TestAccuracy { get; init; }

    public double? TestLoss { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    internal static ModelResponse From(ModelRow row)
    {
        var (model, dataset) = (row.Model, row.Dataset);
        return new ModelResponse
        {
            Id = model.Id,
            RunId = model.RunId,
            OwnerId = model.OwnerId,
            Name = model.Name,
            RunName = row.RunName,
            DatasetId = dataset.Id,
            DatasetName = dataset.Name,
            CheckpointId = model.CheckpointId,
            Epoch = model.Epoch ?? row.EpochsTotal,
            ContentHash = model.BlobHash,
            Bytes = model.Bytes,
            DenseBytes = model.DenseBytes,
            Nnz = model.Nnz,
            DenseParameters = model.DenseParameters,
            Features = model.Features,
            Outputs = model.Outputs,
            ClassNames = model.ClassNames,
            Image = dataset is { ImageHeight: { } height, ImageWidth: { } width }
                ? new ImageShape(height, width, dataset.ImageChannels ?? 1)
                : null,
            TestAccuracy = model.TestAccuracy,
            TestLoss = model.TestLoss,
            CreatedAt = model.CreatedAt,
        };
    }
}

/// <summary>Samples as they came from the source, not normalised: the model does that.</summary>
public sealed record PredictRequest
{
    /// <summary>One list of feature values for each sample.</summary>
    /// <example>[[0.5, 1.25, -3]]</example>
    public required IReadOnlyList<float[]> Rows { get; init; }
}

/// <summary>One entry for each row, in order.</summary>
public sealed record PredictResponse
{
    /// <summary>Given by models of classes.</summary>
    public IReadOnlyList<Prediction>? Predictions { get; init; }

    /// <summary>Given by models of numbers.</summary>
    public IReadOnlyList<float>? Values { get; init; }
}

/// <param name="Class">The most probable class.</param>
/// <param name="Probabilities">One for each class, in the order of the model's classNames.</param>
public sealed record Prediction(string Class, IReadOnlyList<float> Probabilities);
