using SparseService.Engine.Gpu;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Kernels;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Gpu;

/// <summary>The cuts that a GPU gets, with their barriers and shared sums, run on whatever device there is.</summary>
public class KernelShapesTests
{
    public static TheoryData<int, int, Summation> Cases => new(
        from batchSize in new[] { 1, 3, 4, 16, 32, 48, 100, 128, 129, 512 }
        from rule in Enumerable.Range(0, DoubleOptimizer.Samples.Length)
        from summation in Enum.GetValues<Summation>()
        select (batchSize, rule, summation));

    [Theory, MemberData(nameof(Cases))]
    public void Step_CutForAGpu_GivesWhatTheReferenceGives(int batchSize, int rule, Summation summation)
    {
        var step = DoubleOptimizer.Samples[rule];
        using var reference = Backend.Create("reference");
        using var backend = new DeviceBackend(DeviceSkip.Device(), shapes: KernelShapes.OfGpu, pins: true);
        var expected = DeviceStep.Run(reference, batchSize, 0.5, step, summation);
        var actual = DeviceStep.Run(backend, batchSize, 0.5, step, summation);
        Assert.Equal(expected.Count, actual.Count);
        for (var index = 0; index < expected.Count; index++)
        {
            AssertClose(Array.ConvertAll(expected[index], value => (double)value), actual[index], 3e-5);
        }
    }

    [Theory]
    [InlineData(20)]
    [InlineData(128)]
    public void Step_RunAgain_HasTheSameBits(int batchSize)
    {
        foreach (var shapes in new[] { KernelShapes.OfGpu, KernelShapes.OfProcessor })
        {
            using var backend = new DeviceBackend(DeviceSkip.Device(), shapes: shapes);
            using var other = new DeviceBackend(GpuDevice.Choose("opencl"), shapes: shapes);
            var first = DeviceStep.Run(backend, batchSize, 0.5, DoubleOptimizer.Samples[2]);
            foreach (var again in new[] { DeviceStep.Run(backend, batchSize, 0.5, DoubleOptimizer.Samples[2]), DeviceStep.Run(other, batchSize, 0.5, DoubleOptimizer.Samples[2]) })
            {
                Assert.All(first.Zip(again), pair => Assert.Equal(Bits(pair.First), Bits(pair.Second)));
            }
        }
    }

    [Fact]
    public void Width_AnyBatch_LeavesNoRemainder()
    {
        foreach (var shapes in new[] { KernelShapes.OfGpu, KernelShapes.OfProcessor })
        {
            for (var batchSize = 1; batchSize < 700; batchSize++)
            {
                Assert.Equal(0, batchSize % shapes.Width(batchSize));
                Assert.Equal(shapes.GroupItems, shapes.ProductGroup(batchSize).X * shapes.ProductGroup(batchSize).Y);
                Assert.Equal(shapes.GroupItems, shapes.SumGroup(batchSize).X * shapes.SumGroup(batchSize).Y);
                Assert.InRange(shapes.Lanes(batchSize), 1, Math.Max(1, batchSize / shapes.Width(batchSize)));
            }
        }
    }
}
