using SparseService.Cli.Bench.Dense;
using SparseService.Engine.Kernels;

namespace SparseService.Cli.Tests;

public unsafe class DenseTwinTests
{
    [Theory]
    [InlineData(4, 64, 128)]
    [InlineData(1, 1, 1)]
    [InlineData(9, 70, 300)]
    [InlineData(101, 10, 17)]
    public void Multiply_AnyShape_MatchesTheSumInDouble(int rows, int columns, int depth)
    {
        using var a = Filled(rows * depth, 1);
        using var b = Filled(depth * columns, 2);
        using var c = Filled(rows * columns, 3);
        using var transposed = Filled(rows * depth, 3);
        for (var at = 0; at < rows * depth; at++)
        {
            transposed.Span[(at % depth * rows) + (at / depth)] = a.Span[at];
        }

        using var product = new DenseProduct(rows, 1);
        product.Multiply(DenseView.Of(a, rows, depth), DenseView.Of(b, depth, columns), new SumSink(c.Pointer, columns));
        var straight = c.ToArray();
        product.Multiply(
            DenseView.Of(transposed, depth, rows).Transposed, DenseView.Of(b, depth, columns), new SumSink(c.Pointer, columns));

        Assert.Equal(straight, c.ToArray());
        for (var at = 0; at < straight.Length; at++)
        {
            var (row, column) = (at / columns, at % columns);
            var sum = Enumerable.Range(0, depth).Sum(k => (double)a.Span[(row * depth) + k] * b.Span[(k * columns) + column]);
            Assert.InRange(straight[at] - sum, -1e-4, 1e-4);
        }
    }

    [Fact]
    public void Step_OnOneMinibatch_LearnsItByHeart()
    {
        using var twin = new DenseTwin([30, 70, 65, 10], batch: 25, rate: 0.005f);

        var first = twin.Step();
        var last = first;
        for (var step = 0; step < 300; step++)
        {
            last = twin.Step();
        }

        Assert.InRange(first, 1.5, 6);
        Assert.InRange(last, 0, 0.05);
    }

    private static DeviceBuffer<float> Filled(int length, int seed)
    {
        var buffer = new DeviceBuffer<float>(length);
        for (var at = 0; at < length; at++)
        {
            buffer.Span[at] = (((at * 7919L) + seed) % 1000 / 500f) - 1;
        }

        return buffer;
    }
}
