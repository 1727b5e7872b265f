using SparseService.Engine.Data;

namespace SparseService.Engine.Training;

/// <summary>What a model needs to know of the data that it was trained on.</summary>
/// <param name="DataHash">Content hash of the sample store.</param>
/// <param name="ClassNames">Empty for regression.</param>
/// <param name="FeatureNames">Empty when the data had none.</param>
/// <param name="Image">Shape of a row that is an image.</param>
/// <param name="Shift">Per feature: subtracted first.</param>
/// <param name="Scale">Per feature: multiplied then.</param>
public sealed record ModelDescription(
    string DataHash, IReadOnlyList<string> ClassNames, IReadOnlyList<string> FeatureNames, ImageShape? Image, float[] Shift, float[] Scale);
