using SparseService.Engine.Kernels;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

public class LossTests
{
    public static TheoryData<string, LossKind, int, int> AllShapes()
    {
        var shapes = new TheoryData<string, LossKind, int, int>();
        foreach (var backend in Backend.Available)
        {
            foreach (var batchSize in BatchSizes)
            {
                shapes.Add(backend, LossKind.SoftmaxCrossEntropy, 1, batchSize);
                shapes.Add(backend, LossKind.SoftmaxCrossEntropy, 7, batchSize);
                shapes.Add(backend, LossKind.BinaryCrossEntropy, 1, batchSize);
                shapes.Add(backend, LossKind.SquaredError, 3, batchSize);
            }
        }

        return shapes;
    }

    public static TheoryData<string, LossKind, float> Faults()
    {
        var faults = new TheoryData<string, LossKind, float>();
        foreach (var backend in Backend.Available)
        {
            foreach (var kind in Enum.GetValues<LossKind>())
            {
                foreach (var value in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
                {
                    faults.Add(backend, kind, value);
                }
            }
        }

        return faults;
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void Loss_AnyShape_MatchesFormulaInDouble(string name, LossKind kind, int outputs, int batchSize)
    {
        using var backend = Backend.Create(name, 1);
        var z = Logits(outputs * batchSize);
        using var logits = Buffer(z);
        using var gradient = new GuardedBuffer(outputs * batchSize);
        using var inPlace = Buffer(z);
        var classes = Classes(kind, outputs, batchSize);
        var targets = Vector(outputs * batchSize, seed: 2);

        var result = backend.Loss(kind, logits, classes, targets, gradient.Buffer, outputs, batchSize);
        var again = backend.Loss(kind, inPlace, classes, targets, inPlace, outputs, batchSize);

        var inDouble = Array.ConvertAll(z, value => (double)value);
        var (loss, expected, correct) = DoubleLoss.Of(kind, inDouble, classes, targets, outputs, batchSize);
        AssertClose(expected, gradient.Written, 2e-6);
        Assert.Equal(loss, result.LossSum, 1e-5 * (1 + loss));
        Assert.Equal(correct, result.Correct);
        Assert.Equal(result, again);
        Assert.Equal(Bits(gradient.Written), Bits(inPlace.Span));
        Assert.Equal(z, logits.Span.ToArray());
    }

    [Theory, MemberData(nameof(Faults))]
    public void Loss_OneLogitNotFinite_IsNotFinite(string name, LossKind kind, float fault)
    {
        using var backend = Backend.Create(name, 1);
        var outputs = kind == LossKind.BinaryCrossEntropy ? 1 : 4;
        foreach (var place in Enumerable.Range(0, outputs * 21))
        {
            using var logits = Buffer(Logits(outputs * 21));
            logits.Span[place] = fault;

            var result = backend.Loss(kind, logits, Classes(kind, outputs, 21), new float[outputs * 21], logits, outputs, 21);

            Assert.False(double.IsFinite(result.LossSum));
        }
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void Loss_HugeLogits_StaysFinite(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var logits = Buffer([1e30f, -1e30f, 500, -500]);
        using var binary = Buffer([1e30f, -1e30f, 500, -500]);

        var softmax = backend.Loss(LossKind.SoftmaxCrossEntropy, logits, [1, 0], default, logits, 2, 2);
        var sigmoid = backend.Loss(LossKind.BinaryCrossEntropy, binary, [0, 1, 1, 1], default, binary, 1, 4);

        // Limited to −log(1e-7) = 16.118 for each wrong certainty, −log(1 − 1e-7) for a right one.
        Assert.Equal(2 * -Math.Log(1e-7), softmax.LossSum, 1e-4);
        Assert.Equal(3 * -Math.Log(1e-7), sigmoid.LossSum, 1e-4);
        Assert.Equal(1, sigmoid.Correct);
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void Loss_Tie_GoesToTheLowestClass(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var logits = Buffer(new float[5 * 19]);
        logits.Span[..19].Fill(-1); // four tie above class 0

        Assert.Equal(19, backend.Loss(LossKind.SoftmaxCrossEntropy, logits, Enumerable.Repeat(1, 19).ToArray(), default, logits, 5, 19).Correct);
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void Loss_BadClass_NamesIt(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var logits = Buffer(new float[6]);

        var above = Assert.Throws<ArgumentException>(
            () => backend.Loss(LossKind.SoftmaxCrossEntropy, logits, [0, 3], default, logits, 3, 2));
        Assert.Contains("classes[1] is 3; allowed: 0 to 2", above.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => backend.Loss(LossKind.SoftmaxCrossEntropy, logits, [0, -1], default, logits, 3, 2));
        Assert.Throws<ArgumentException>(() => backend.Loss(LossKind.SoftmaxCrossEntropy, logits, [0], default, logits, 3, 2));
        Assert.Throws<ArgumentException>(() => backend.Loss(LossKind.BinaryCrossEntropy, logits, [0, 1], default, logits, 3, 2));
        Assert.Throws<ArgumentException>(() => backend.Loss(LossKind.BinaryCrossEntropy, logits, [0, 2], default, logits, 1, 2));
        Assert.Throws<ArgumentException>(() => backend.Loss(LossKind.SquaredError, logits, default, new float[5], logits, 3, 2));
        Assert.Throws<ArgumentException>(() => backend.Loss(LossKind.SoftmaxCrossEntropy, logits, new int[3], default, logits, 3, 3));
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void Probabilities_AnyShape_MatchesFormulaInDouble(string name, LossKind kind, int outputs, int batchSize)
    {
        using var backend = Backend.Create(name, 1);
        using var buffer = new GuardedBuffer(outputs * batchSize);
        var z = Logits(outputs * batchSize);
        z.CopyTo(buffer.Buffer.Span);

        backend.Probabilities(kind, buffer.Buffer, outputs, batchSize);

        AssertClose(DoubleLoss.Probabilities(kind, z.Select(value => (double)value).ToArray(), outputs, batchSize), buffer.Written);
    }

    private static float[] Logits(int length) => Vector(length, seed: 1).Select(value => 5 * value).ToArray();

    private static int[] Classes(LossKind kind, int outputs, int batchSize) =>
        Enumerable.Range(0, batchSize).Select(sample => (sample * 5) % (kind == LossKind.BinaryCrossEntropy ? 2 : outputs)).ToArray();
}
