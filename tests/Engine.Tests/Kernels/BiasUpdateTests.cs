using SparseService.Engine.Kernels;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

public class BiasUpdateTests
{
    public static TheoryData<string, int, int> AllShapes()
    {
        var shapes = new TheoryData<string, int, int>();
        foreach (var backend in Backend.Available)
        {
            foreach (var batchSize in BatchSizes)
            {
                shapes.Add(backend, batchSize, 13);
            }

            shapes.Add(backend, 9, 1100);
        }

        return shapes;
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void BiasUpdate_AnyShape_AppliesTheRuleToTheRowMeans(string name, int batchSize, int rows)
    {
        using var backend = Backend.Create(name, 1);
        foreach (var step in DoubleOptimizer.Samples)
        {
            var bias = Vector(rows, seed: 1);
            using var dY = Buffer(Vector(rows * batchSize, seed: 2));
            var state0 = Vector(rows, seed: 3);
            var state1 = step.StateSlots > 1 ? Vector(rows, seed: 4).Select(Math.Abs).ToArray() : null;
            var gradient = new double[rows];
            for (var index = 0; index < rows * batchSize; index++)
            {
                gradient[index / batchSize] += (double)dY.Span[index] / batchSize;
            }

            var expected = DoubleOptimizer.Apply(step, bias, gradient, state0, state1);

            var squares = backend.BiasUpdate(bias, dY, state0, state1, batchSize, step);

            AssertClose(expected.Parameters, bias, 2e-6);
            AssertClose(expected.State0, state0, 2e-6);
            AssertClose(expected.State1, state1 ?? [], 2e-6);
            Assert.Equal(gradient.Sum(value => value * value), squares, 1e-5 * gradient.Sum(value => value * value));
        }
    }

    [Theory, MemberData(nameof(AllShapes))]
    public unsafe void BiasGradient_ThenParameterUpdate_HasTheBitsOfOnePass(string name, int batchSize, int rows)
    {
        using var backend = Backend.Create(name, 1);
        foreach (var step in DoubleOptimizer.Samples)
        {
            using var dY = Buffer(Vector(rows * batchSize, seed: 2));
            var (bias, state0) = (Vector(rows, seed: 1), Vector(rows, seed: 3));
            var state1 = step.StateSlots > 1 ? Vector(rows, seed: 4).Select(Math.Abs).ToArray() : null;
            using var gradient = new DeviceBuffer<float>(rows);
            var (together, first, second) = (bias.ToArray(), state0.ToArray(), state1?.ToArray());

            var squares = backend.BiasGradient(dY, gradient, batchSize);
            fixed (float* parameters = bias, s0 = state0, s1 = state1)
            {
                backend.ParameterUpdate(parameters, gradient.Pointer, s0, s1, rows, step);
            }

            var expected = backend.BiasUpdate(together, dY, first, second, batchSize, step);

            Assert.Equal(Bits(together), Bits(bias));
            Assert.Equal(Bits(first), Bits(state0));
            Assert.Equal(Bits(second), Bits(state1));
            Assert.Equal(expected, squares);
        }
    }

    [Fact]
    public void BiasUpdate_ManyBlocksOfRows_HasTheSameBitsOnAnyNumberOfThreads()
    {
        const int rows = 40_001;
        const int batchSize = 37; // 1.5 million numbers: several blocks
        using var dY = Buffer(Vector(rows * batchSize, seed: 1));
        var (alone, expected) = (Update("simd", 1), Update("reference", 1));
        foreach (var threads in new[] { 2, 4 })
        {
            var together = Update("simd", threads);
            Assert.Equal(Bits(alone.Bias), Bits(together.Bias));
            Assert.Equal(alone.Squares, together.Squares);
        }

        AssertClose(Array.ConvertAll(expected.Bias, value => (double)value), alone.Bias, 2e-6);
        Assert.Equal(expected.Squares, alone.Squares, 1e-5 * expected.Squares);

        (float[] Bias, double Squares) Update(string name, int threads)
        {
            using var backend = Backend.Create(name, threads);
            var bias = Vector(rows, seed: 2);
            return (bias, backend.BiasUpdate(bias, dY, new float[rows], null, batchSize, DoubleOptimizer.Samples[0]));
        }
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void BiasUpdate_WrongLengths_Throws(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var dY = Buffer(new float[5]);
        var step = DoubleOptimizer.Samples[0];

        Assert.Throws<ArgumentException>(() => backend.BiasUpdate(new float[3], dY, new float[3], null, 2, step));
        Assert.Throws<ArgumentException>(() => backend.BiasUpdate(new float[2], dY, new float[3], null, 2, step));
    }
}
