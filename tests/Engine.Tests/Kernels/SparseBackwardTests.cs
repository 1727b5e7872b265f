using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

public class SparseBackwardTests
{
    private const int Rows = 61;
    private const int Columns = 47;

    public static TheoryData<string, int, double> AllShapes => Shapes();

    public static TheoryData<int, double, long, int> PlansAndThreads()
    {
        var cases = new TheoryData<int, double, long, int>();
        foreach (var batchSize in BatchSizes)
        {
            // 0.03: some columns have no connection, many have fewer than a group.
            foreach (var density in new[] { 0.03, 0.08, 0.4, 1 })
            {
                cases.Add(batchSize, density, 1L << 40, 1);
                cases.Add(batchSize, density, 1 << 10, 3); // strip by strip
            }
        }

        return cases;
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void SparseBackward_AnyShape_IsTheDenseProductsAndTheRule(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        foreach (var step in DoubleOptimizer.Samples)
        {
            using var layer = new Layer(batchSize, density, step);
            var dense = Dense(layer.W);
            var expectedDx = new double[Columns * batchSize];
            for (var index = 0; index < expectedDx.Length; index++)
            {
                var (column, sample) = (index / batchSize, index % batchSize);
                for (var row = 0; row < Rows; row++)
                {
                    expectedDx[index] += dense[(row * Columns) + column] * layer.Dy.Span[(row * batchSize) + sample] * layer.Slopes.Span[index];
                }
            }

            var gradient = SparseWeightGradientTests.DenseWeightGradient(layer.W, layer.X.Span, layer.Dy.Span, batchSize);
            var expected = DoubleOptimizer.Apply(
                step, layer.W.Values.ToArray(), gradient, layer.State0.ToArray(), layer.State1?.ToArray());

            var squares = layer.Backward(backend);

            AssertClose(expectedDx, layer.Dx.Written);
            AssertClose(expected.Parameters, layer.W.Values.Span, 2e-6);
            AssertClose(expected.State0, layer.State0.Span, 2e-6);
            AssertClose(expected.State1, layer.State1 is null ? [] : layer.State1.Span, 2e-6);
            Assert.Equal(gradient.Sum(value => value * value), squares, 1e-5 * (1e-9 + gradient.Sum(value => value * value)));
        }
    }

    [Theory, MemberData(nameof(PlansAndThreads))]
    public void SparseBackward_AnyPlanAndThreads_HasTheBitsOfTwoPasses(int batchSize, double density, long tileBytes, int threads)
    {
        using var fused = new SimdBackend(threads, new TilePlan(tileBytes, 16));
        using var apart = new SimdBackend(1, new TilePlan(1L << 40, 16));
        foreach (var step in DoubleOptimizer.Samples)
        {
            using var one = new Layer(batchSize, density, step);
            using var two = new Layer(batchSize, density, step);

            var squares = one.Backward(fused);
            apart.SparseInputGradient(two.W, two.Wt, two.Dy, two.Slopes, two.Dx.Buffer, batchSize);
            var expected = apart.SparseWeightUpdate(two.W, two.X, two.Dy, two.State0, two.State1, batchSize, step);

            Assert.Equal(two.Everything(), one.Everything());
            Assert.Equal(expected, squares);
        }
    }

    [Theory, MemberData(nameof(PlansAndThreads))]
    public unsafe void SparseBackwardGradient_ThenParameterUpdate_HasTheBitsOfOnePass(int batchSize, double density, long tileBytes, int threads)
    {
        foreach (var backend in new Backend[] { new SimdBackend(threads, new TilePlan(tileBytes, 16)), new ReferenceBackend() })
        {
            foreach (var step in DoubleOptimizer.Samples)
            {
                using var one = new Layer(batchSize, density, step);
                using var two = new Layer(batchSize, density, step);
                using var gradient = new DeviceBuffer<float>(one.W.Nnz);

                var squares = backend.SparseBackwardGradient(one.W, one.Wt, one.X, one.Dy, one.Slopes, one.Dx.Buffer, gradient, batchSize);
                var second = one.State1 is null ? null : one.State1.Pointer;
                backend.ParameterUpdate(one.W.Values.Pointer, gradient.Pointer, one.State0.Pointer, second, one.W.Nnz, step);
                var expected = two.Backward(backend);

                Assert.Equal(two.Everything(), one.Everything());
                Assert.Equal(expected, squares);
            }

            backend.Dispose();
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public void SparseBackward_PatternChanged_IsThatOfTheNewPattern(int every)
    {
        using var backend = Backend.Create("simd", 1);
        var step = DoubleOptimizer.Samples[0];
        using var one = new Layer(64, 0.5, step);
        using var two = new Layer(64, 0.5, step);
        one.Backward(backend);
        two.Backward(backend);

        foreach (var layer in new[] { one, two })
        {
            ImportancePruning.Remove(
                new Connections(layer.W, [layer.State0]), Enumerable.Range(0, Rows).Select(row => row % every == 0).ToArray(), null);
            layer.Wt.Rebuild();
        }

        one.Backward(backend);
        backend.SparseInputGradient(two.W, two.Wt, two.Dy, two.Slopes, two.Dx.Buffer, 64);
        backend.SparseWeightUpdate(two.W, two.X, two.Dy, two.State0, two.State1, 64, step);

        Assert.True(one.W.Nnz < one.W.Values.Capacity);
        Assert.Equal(two.Everything(), one.Everything());
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void SparseBackward_WrongBuffer_NamesIt(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var layer = new Layer(4, 0.5, DoubleOptimizer.Samples[0]);
        using var other = new Layer(4, 0.5, DoubleOptimizer.Samples[0]);
        using var small = Buffer(new float[5]);
        var good = (layer.Wt, layer.X, layer.Dy, layer.Slopes, Dx: layer.Dx.Buffer, layer.State0);

        Assert.Equal("wT", Refused(good with { Wt = other.Wt }));
        Assert.Equal("x", Refused(good with { X = small }));
        Assert.Equal("dY", Refused(good with { Dy = small }));
        Assert.Equal("slopes", Refused(good with { Slopes = small }));
        Assert.Equal("dX", Refused(good with { Dx = small }));
        Assert.Equal("dX", Refused(good with { Dx = layer.X }));
        Assert.Equal("dX", Refused(good with { Dx = layer.Slopes }));
        Assert.Equal("state0", Refused(good with { State0 = small }));

        string? Refused((TransposeIndex Wt, DeviceBuffer<float> X, DeviceBuffer<float> Dy, DeviceBuffer<float> Slopes, DeviceBuffer<float> Dx, DeviceBuffer<float> State0) of) =>
            Assert.Throws<ArgumentException>(() => backend.SparseBackward(
                layer.W, of.Wt, of.X, of.Dy, of.Slopes, of.Dx, of.State0, null, 4, DoubleOptimizer.Samples[0])).ParamName;
    }

    private sealed class Layer : IDisposable
    {
        private readonly int batchSize;
        private readonly OptimizerStep step;

        public Layer(int batchSize, double density, OptimizerStep step)
        {
            (this.batchSize, this.step) = (batchSize, step);
            W = Matrix(Rows, Columns, density, seed: 1);
            Wt = TransposeIndex.Of(W);
            X = Buffer(Vector(Columns * batchSize, seed: 2));
            Dy = Buffer(Vector(Rows * batchSize, seed: 3));
            Slopes = Buffer(Vector(Columns * batchSize, seed: 4));
            Dx = new GuardedBuffer(Columns * batchSize);
            State0 = Buffer(Vector((int)W.Nnz, seed: 5));
            State1 = step.StateSlots > 1 ? Buffer(Vector((int)W.Nnz, seed: 6).Select(Math.Abs).ToArray()) : null;
        }

        public CsrMatrix W { get; }

        public TransposeIndex Wt { get; }

        public DeviceBuffer<float> X { get; }

        public DeviceBuffer<float> Dy { get; }

        public DeviceBuffer<float> Slopes { get; }

        public GuardedBuffer Dx { get; }

        public DeviceBuffer<float> State0 { get; }

        public DeviceBuffer<float>? State1 { get; }

        public double Backward(Backend backend) =>
            backend.SparseBackward(W, Wt, X, Dy, Slopes, Dx.Buffer, State0, State1, batchSize, step);

        public uint[] Everything() =>
            [.. Bits(Dx.Written), .. Bits(W.Values.Span), .. Bits(State0.Span), .. Bits(State1 is null ? [] : State1.Span)];

        public void Dispose()
        {
            foreach (var buffer in new[] { X, Dy, Slopes, State0, State1 })
            {
                buffer?.Dispose();
            }

            Dx.Dispose();
            Wt.Dispose();
            W.Dispose();
        }
    }
}
