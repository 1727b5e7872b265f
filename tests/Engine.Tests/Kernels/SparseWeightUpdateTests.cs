using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

public class SparseWeightUpdateTests
{
    private const int Rows = 13;
    private const int Columns = 29;

    public static TheoryData<string, int, double> AllShapes => Shapes();

    [Theory, MemberData(nameof(AllShapes))]
    public void SparseWeightUpdate_AnyShape_AppliesTheRuleToTheDenseGradient(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        foreach (var step in DoubleOptimizer.Samples)
        {
            using var w = Matrix(Rows, Columns, density, seed: 1);
            using var x = Buffer(Vector(Columns * batchSize, seed: 2));
            using var dY = Buffer(Vector(Rows * batchSize, seed: 3));
            using var state0 = Buffer(Vector((int)w.Nnz, seed: 4));
            using var state1 = step.StateSlots > 1 ? Buffer(Vector((int)w.Nnz, seed: 5).Select(Math.Abs).ToArray()) : null;
            var gradient = SparseWeightGradientTests.DenseWeightGradient(w, x.Span, dY.Span, batchSize);
            var expected = DoubleOptimizer.Apply(step, w.Values.ToArray(), gradient, state0.ToArray(), state1?.ToArray());

            var squares = backend.SparseWeightUpdate(w, x, dY, state0, state1, batchSize, step);

            AssertClose(expected.Parameters, w.Values.Span, 2e-6);
            AssertClose(expected.State0, state0.Span, 2e-6);
            AssertClose(expected.State1, state1 is null ? [] : state1.Span, 2e-6);
            Assert.Equal(gradient.Sum(value => value * value), squares, 1e-5 * (1e-9 + gradient.Sum(value => value * value)));
        }
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void SparseWeightUpdate_WrongState_NamesIt(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(3, 5, 1, seed: 6);
        using var x = Buffer(new float[10]);
        using var dY = Buffer(new float[6]);
        var sgd = DoubleOptimizer.Samples[0];
        var adam = DoubleOptimizer.Samples[2];
        using var few = Buffer(new float[14]);
        using var enough = Buffer(new float[15]);

        Assert.Throws<ArgumentException>(() => backend.SparseWeightUpdate(w, x, dY, few, null, 2, sgd));
        var missing = Assert.Throws<ArgumentException>(() => backend.SparseWeightUpdate(w, x, dY, enough, null, 2, adam));
        Assert.Contains("state1 has 0 elements; allowed: parameters, for Adam = 15", missing.Message, StringComparison.Ordinal);
    }
}
