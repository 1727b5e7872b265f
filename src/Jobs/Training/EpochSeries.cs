using SparseService.Jobs.Events;

namespace SparseService.Jobs.Training;

/// <summary>The series that every epoch adds a point to.</summary>
internal static class EpochSeries
{
    public static IEnumerable<MetricPoint> Of(EpochRecord record)
    {
        var result = record.Result;
        yield return new("loss", result.Epoch, result.Loss);
        yield return new("testLoss", result.Epoch, result.TestLoss);
        yield return new("nnz", result.Epoch, result.Nnz);
        yield return new("density", result.Epoch, result.Density);
        yield return new("learningRate", result.Epoch, result.LearningRate);
        yield return new("gradientNorm", result.Epoch, result.GradientNorm);
        yield return new("trainSeconds", result.Epoch, result.TrainSeconds);
        yield return new("evolutionSeconds", result.Epoch, result.EvolutionSeconds);
        yield return new("testSeconds", result.Epoch, result.TestSeconds);
        yield return new("samplesPerSecond", result.Epoch, result.SamplesPerSecond);
        yield return new("gigaflopsPerSecond", result.Epoch, result.GigaflopsPerSecond);
        yield return new("workerBytes", result.Epoch, record.WorkerBytes);
        if (result.TrainAccuracy is { } trainAccuracy)
        {
            yield return new("trainAccuracy", result.Epoch, trainAccuracy);
        }

        if (result.TestAccuracy is { } testAccuracy)
        {
            yield return new("testAccuracy", result.Epoch, testAccuracy);
        }

        foreach (var rank in RanksPayload.Of(result)?.Shown ?? [])
        {
            yield return new($"bytesSent.{rank.Name}", result.Epoch, rank.BytesSent);
            yield return new($"waitingShare.{rank.Name}", result.Epoch, rank.WaitingShare);
        }
    }
}
