using SparseService.Engine.Training;

namespace SparseService.Cli.Training;

/// <summary>What is told of an epoch, whether it was trained here or by the service; fields as in EpochResult.</summary>
internal sealed record EpochNews(
    int Epoch, double? Loss, double? TestLoss, double? TestAccuracy, long Nnz, double? Density,
    double TrainSeconds, double EvolutionSeconds, double TestSeconds,
    IReadOnlyList<RankStatistics>? Ranks = null)
{
    public static EpochNews Of(EpochResult result) => new(
        result.Epoch, result.Loss, result.TestLoss, result.TestAccuracy, result.Nnz, result.Density,
        result.TrainSeconds, result.EvolutionSeconds, result.TestSeconds, result.Ranks);
}
