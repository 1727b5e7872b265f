using SparseService.Engine.Kernels;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

public class PaddedBatchTests
{
    private const int Rows = 13;
    private const int Columns = 29;

    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (var backend in Backend.Available)
        {
            foreach (var samples in new[] { 1, 3, 5, 11, 17, 33, 100, 127 })
            {
                cases.Add(backend, samples);
            }
        }

        return cases;
    }

    [Fact]
    public void Of_AnyNumber_IsWholeRegistersAndLittleMore()
    {
        Assert.Equal([1, 4, 4, 4, 8, 8], new[] { 1, 2, 3, 4, 5, 8 }.Select(PaddedBatch.Of));
        for (var samples = 9; samples < 5000; samples++)
        {
            var padded = PaddedBatch.Of(samples);
            Assert.Equal(0, padded % 16);
            Assert.NotEqual(0, padded % 1024);
            Assert.InRange(padded, samples, samples + PaddedBatch.Most);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void WeightAndBiasUpdate_Padded_EqualUnpadded(string name, int samples)
    {
        using var backend = Backend.Create(name, 1);
        var batchSize = samples + 7;
        var step = DoubleOptimizer.Samples[0];
        using var w = Matrix(Rows, Columns, 0.4, seed: 1);
        using var padded = Matrix(Rows, Columns, 0.4, seed: 1);
        var (x, dY) = (Vector(Columns * samples, seed: 2), Vector(Rows * samples, seed: 3));
        using var tightX = Buffer(x);
        using var tightDy = Buffer(dY);
        using var wideX = Buffer(Widen(x, samples, batchSize, 0.75f));
        using var wideDy = Buffer(Widen(dY, samples, batchSize, 0));
        using var state = Buffer(new float[w.Nnz]);
        using var paddedState = Buffer(new float[w.Nnz]);
        var (bias, paddedBias) = (new float[Rows], new float[Rows]);

        backend.SparseWeightUpdate(w, tightX, tightDy, state, null, samples, step);
        backend.SparseWeightUpdate(padded, wideX, wideDy, paddedState, null, batchSize, step, padding: 7);
        backend.BiasUpdate(bias, tightDy, new float[Rows], null, samples, step);
        backend.BiasUpdate(paddedBias, wideDy, new float[Rows], null, batchSize, step, padding: 7);

        AssertClose(Doubles(w.Values.Span), padded.Values.Span);
        AssertClose(Doubles(bias), paddedBias);
        Assert.Throws<ArgumentOutOfRangeException>(() => backend.BiasUpdate(bias, tightDy, new float[Rows], null, samples, step, samples));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Loss_Padded_EqualsUnpaddedAndHasNoGradientBehind(string name, int samples)
    {
        using var backend = Backend.Create(name, 1);
        var batchSize = samples + 7;
        foreach (var kind in Enum.GetValues<LossKind>())
        {
            var outputs = kind == LossKind.BinaryCrossEntropy ? 1 : 3;
            var (logits, targets) = (Vector(outputs * samples, seed: 4), Vector(outputs * samples, seed: 5));
            var classes = Enumerable.Range(0, samples).Select(sample => sample % Math.Max(2, outputs)).ToArray();
            using var tight = Buffer(logits);
            using var wide = Buffer(Widen(logits, samples, batchSize, 9));

            var expected = backend.Loss(kind, tight, classes, targets, tight, outputs, samples);
            var result = backend.Loss(kind, wide, classes, Widen(targets, samples, batchSize, 3), wide, outputs, batchSize, padding: 7);

            Assert.Equal(expected.LossSum, result.LossSum, 1e-5 * expected.LossSum);
            Assert.Equal(expected.Correct, result.Correct);
            AssertClose(Doubles(Widen(tight.ToArray(), samples, batchSize, 0)), wide.Span);
        }
    }

    /// <summary>The same rows, each with <paramref name="filler"/> behind it.</summary>
    private static float[] Widen(float[] rows, int samples, int batchSize, float filler) =>
        [.. rows.Chunk(samples).SelectMany(row => row.Concat(Enumerable.Repeat(filler, batchSize - samples)))];

    private static double[] Doubles(ReadOnlySpan<float> values) => Array.ConvertAll(values.ToArray(), value => (double)value);
}
