using SparseService.Engine.Training;

namespace SparseService.Jobs.Training;

/// <summary>The series that every epoch adds a point to.</summary>
internal static class EpochSeries
{
    public static IEnumerable<(string Series, double Value)> Of(EpochResult result)
    {
        yield return ("loss", result.Loss);
        yield return ("testLoss", result.TestLoss);
        yield return ("nnz", result.Nnz);
        yield return ("density", result.Density);
        yield return ("learningRate", result.LearningRate);
        yield return ("gradientNorm", result.GradientNorm);
        yield return ("trainSeconds", result.TrainSeconds);
        yield return ("evolutionSeconds", result.EvolutionSeconds);
        yield return ("testSeconds", result.TestSeconds);
        yield return ("samplesPerSecond", result.SamplesPerSecond);
        if (result.TrainAccuracy is { } trainAccuracy)
        {
            yield return ("trainAccuracy", trainAccuracy);
        }

        if (result.TestAccuracy is { } testAccuracy)
        {
            yield return ("testAccuracy", testAccuracy);
        }
    }
}
