using SparseService.Jobs.Training;
using Xunit;

namespace SparseService.Jobs.Tests;

public class StepBucketsTests
{
    [Fact]
    public void Take_FewSteps_KeepsEachOne()
    {
        var buckets = new StepBuckets(afterStep: 0);
        for (var step = 1; step <= StepBuckets.Capacity; step++)
        {
            buckets.Add(step, step * 0.5);
        }

        Assert.Equal(Enumerable.Range(1, StepBuckets.Capacity).Select(step => new MetricPoint("stepLoss", step, step * 0.5)), buckets.Take());
        Assert.Empty(buckets.Take());
    }

    [Theory]
    [InlineData(StepBuckets.Capacity + 1)]
    [InlineData(1000)]
    [InlineData(12345)]
    public void Take_ManySteps_GivesMeansThatCoverEachStepOnce(int steps)
    {
        var buckets = new StepBuckets(afterStep: 0);
        for (var step = 1; step <= steps; step++)
        {
            buckets.Add(step, step);
        }

        var points = buckets.Take();

        Assert.InRange(points.Count, StepBuckets.Capacity / 2, StepBuckets.Capacity);
        Assert.Equal(steps, points[^1].Step);
        var first = 1L;
        foreach (var point in points)
        {
            Assert.Equal((first + point.Step) / 2.0, point.Value);
            first = point.Step + 1;
        }
    }

    [Fact]
    public void Add_StepsThatAreRecorded_AreLeftOut()
    {
        var buckets = new StepBuckets(afterStep: 5);
        for (var step = 3; step <= 7; step++)
        {
            buckets.Add(step, step);
        }

        Assert.Equal([6L, 7L], buckets.Take().Select(point => point.Step));
    }
}
