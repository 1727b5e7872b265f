using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>Passes over strips and tiles, forced on small matrices, give the bits of whole rows.</summary>
public class TilesTests
{
    private const int Rows = 61;
    private const int Columns = 83;

    public static TheoryData<int, double, long, int> Cases()
    {
        var cases = new TheoryData<int, double, long, int>();
        foreach (var batchSize in BatchSizes)
        {
            foreach (var density in new[] { 0.08, 0.6, 1 })
            {
                cases.Add(batchSize, density, 1 << 12, 1);
            }

            cases.Add(batchSize, 0.3, 1 << 10, 2);
            cases.Add(batchSize, 0.3, 1 << 14, 3);
        }

        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Step_InTiles_HasTheBitsOfWholeRows(int batchSize, double density, long tileBytes, int threads)
    {
        using var whole = new SimdBackend(1, new TilePlan(1L << 40, 1));
        using var tiled = new SimdBackend(threads, new TilePlan(tileBytes, 1, FarBytes: 0));

        Assert.Equal(Step(whole, batchSize, density), Step(tiled, batchSize, density));
    }

    [Theory]
    [InlineData(1000, 3072, 1_000_000, 448, 3)]
    [InlineData(1000, 3072, 20_000, 448, 1)]
    [InlineData(1000, 1000, 40_000, 512, 1)]
    [InlineData(5_000_000, 5_000_000, 20_000_000, 64, 1)]
    [InlineData(0, 1000, 0, 512, 1)]
    public void TilesOf_Layer_IsWhatTheCacheHoldsIfRowsAreLongEnough(long rows, long sources, long connections, long stripBytes, int tiles) =>
        Assert.Equal(tiles, TilePlan.Default.TilesOf(rows, sources, connections, stripBytes));

    [Fact]
    public void Of_AnyRow_TheTilesAreTheRowInOrder()
    {
        for (var length = 0L; length < 200; length++)
        {
            for (var tiles = 1; tiles < 9; tiles++)
            {
                var next = 1000L;
                for (var tile = 0; tile < tiles; tile++)
                {
                    var (first, end) = new Pass(0, 16, tile, tiles).Of(1000, 1000 + length);
                    Assert.Equal(next, first);
                    Assert.InRange(end, first, 1000 + length);
                    Assert.InRange(end - first - (length / (double)tiles), -5, 5);
                    next = end;
                }

                Assert.Equal(1000 + length, next);
            }
        }
    }

    private static uint[] Step(Backend backend, int batchSize, double density)
    {
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var wT = TransposeIndex.Of(w);
        using var x = Buffer(Vector(Columns * batchSize, seed: 2));
        using var slopesX = Buffer(Vector(Columns * batchSize, seed: 3));
        using var y = new GuardedBuffer(Rows * batchSize);
        using var slopes = new GuardedBuffer(Rows * batchSize);
        using var dX = new GuardedBuffer(Columns * batchSize);
        using var dW = new DeviceBuffer<float>(w.Nnz);
        using var state = Buffer(new float[w.Nnz]);
        var tanh = DoubleActivation.Sample(ActivationKind.Tanh);

        backend.SparseForward(w, Vector(Rows, seed: 4), x, y.Buffer, slopes.Buffer, batchSize, tanh, new Dropout(0.3f, 9));
        backend.SparseInputGradient(w, wT, y.Buffer, slopesX, dX.Buffer, batchSize);
        backend.SparseWeightGradient(w, x, y.Buffer, dW, batchSize);
        backend.SparseWeightUpdate(w, x, y.Buffer, state, null, batchSize, DoubleOptimizer.Samples[0]);
        return [.. Bits(y.Written), .. Bits(slopes.Written), .. Bits(dX.Written), .. Bits(dW.Span), .. Bits(w.Values.Span), .. Bits(state.Span)];
    }
}
