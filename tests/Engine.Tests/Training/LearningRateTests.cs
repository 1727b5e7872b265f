using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

public sealed class LearningRateTests
{
    [Theory]
    [InlineData(ScheduleKind.Constant, 0, new[] { 1.0, 1, 1, 1, 1 })]
    [InlineData(ScheduleKind.Step, 0, new[] { 1.0, 1, 0.5, 0.5, 0.25 })]
    [InlineData(ScheduleKind.Cosine, 0, new[] { 1.0, 0.868198, 0.55, 0.231802, 0.1 })]
    [InlineData(ScheduleKind.Cosine, 1, new[] { 0.5, 1.0, 0.775, 0.325, 0.1 })]
    [InlineData(ScheduleKind.Constant, 3, new[] { 0.25, 0.5, 0.75, 1, 1 })]
    public void At_HandWorked(ScheduleKind kind, int warmupEpochs, double[] expected)
    {
        var options = TrainingData.Options(2, 2) with
        {
            Epochs = 5,
            Optimizer = new OptimizerOptions { LearningRate = 1 },
            Schedule = new ScheduleOptions { Kind = kind, WarmupEpochs = warmupEpochs, StepEpochs = [2, 4], Factor = 0.5, Minimum = 0.1 },
        };
        for (var epoch = 1; epoch <= 5; epoch++)
        {
            Assert.Equal(expected[epoch - 1], LearningRate.At(options, epoch), 5);
        }
    }
}
