using SparseService.Cli.Bench.Kernels;

namespace SparseService.Cli.Tests;

public class KernelTrafficTests
{
    private static readonly MachineLimits Limits = new(250, 500, 200, 40);

    [Fact]
    public void Of_LayerBeyondTheFirstLevel_CountsEachArrayOnceAndEachConnectionsRow()
    {
        // 1000 gathered rows and 500 streamed ones of 128 samples, 40,000 connections of 8 bytes.
        var traffic = KernelTraffic.Of(40_000, 128, 1000, 500, 8);

        Assert.Equal(2 * 40_000 * 128, traffic.Flops);
        Assert.Equal(40_000 * 512, traffic.L1Bytes);
        Assert.Equal((1500 * 512) + (8 * 40_000), traffic.L2Bytes);
        Assert.Equal((500 * 512) + (8 * 40_000) + (40_000 * 512), traffic.UntiledL2Bytes);
        Assert.Equal(0, traffic.MemoryBytes);
        Assert.Equal(("FMA", 250), traffic.Bound(Limits));
        Assert.Equal(200 * traffic.Flops / traffic.UntiledL2Bytes, traffic.UntiledBound(Limits), tolerance: 1e-9);
    }

    [Fact]
    public void Of_TwoProducts_ComputesTwiceAndMovesAsMuch()
    {
        var (one, two) = (KernelTraffic.Of(40_000, 128, 1000, 500, 8), KernelTraffic.Of(40_000, 128, 1000, 500, 8, products: 2));

        Assert.Equal(two with { Flops = one.Flops }, one);
        Assert.Equal(2 * one.Flops, two.Flops);
    }

    [Fact]
    public void Of_RowsOfBytes_MovesAFourthAndLeavesRoomForTheirInstructions()
    {
        // Four instructions, of which one multiply-add does the work, against two multiply-adds in a cycle.
        var traffic = KernelTraffic.Of(40_000, 128, 1000, 500, 8, byteInstructions: 4);

        Assert.Equal(2 * 40_000 * 128, traffic.Flops);
        Assert.Equal(40_000 * 128, traffic.L1Bytes);
        Assert.Equal((1000 * 128) + (500 * 512) + (8 * 40_000), traffic.L2Bytes);
        Assert.Equal(("FMA", 125), traffic.Bound(Limits));
    }

    [Fact]
    public void Bound_HugeLayer_IsMemory()
    {
        var traffic = KernelTraffic.Of(200_000_000, 16, 50_000_000, 50_000_000, 8);

        Assert.Equal("memory", traffic.Bound(Limits).Name);
        Assert.Equal(40 * traffic.Flops / traffic.MemoryBytes, traffic.Bound(Limits).Gflops, tolerance: 1e-9);
    }

    [Fact]
    public void Bound_LayerInTheFirstLevel_AsksNothingOfTheSecond()
    {
        var traffic = KernelTraffic.Of(400, 16, 20, 20, 8);

        Assert.Equal((0, 0), (traffic.L2Bytes, traffic.MemoryBytes));
        Assert.Equal(traffic.Bound(Limits).Gflops, traffic.UntiledBound(Limits));
    }
}
