using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

public class SparseForwardTests
{
    private const int Rows = 13;
    private const int Columns = 29;

    public static TheoryData<string, int, double> AllShapes => Shapes();

    public static TheoryData<string, int, ActivationKind> AllActivations()
    {
        var cases = new TheoryData<string, int, ActivationKind>();
        foreach (var backend in Backend.Available)
        {
            foreach (var batchSize in new[] { 1, 5, 16, 21, 128 })
            {
                foreach (var kind in Enum.GetValues<ActivationKind>())
                {
                    cases.Add(backend, batchSize, kind);
                }
            }
        }

        return cases;
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void SparseForward_AnyShape_MatchesDenseProductInDouble(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(Rows, Columns, density, seed: 1);
        var bias = Vector(Rows, seed: 2);
        using var x = Buffer(Vector(Columns * batchSize, seed: 3));
        using var y = new GuardedBuffer(Rows * batchSize);

        backend.SparseForward(w, bias, x, y.Buffer, batchSize, Activation.Linear);

        AssertClose(DenseForward(w, bias, x.Span, batchSize), y.Written);
    }

    [Theory, MemberData(nameof(AllActivations))]
    public void SparseForward_InTraining_GivesActivationAndSlopeOfDenseProduct(string name, int batchSize, ActivationKind kind)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(Rows, Columns, 0.3, seed: 4);
        var bias = Vector(Rows, seed: 5);
        using var x = Buffer(Vector(Columns * batchSize, seed: 6));
        using var y = new GuardedBuffer(Rows * batchSize);
        using var slopes = new GuardedBuffer(Rows * batchSize);
        var activation = DoubleActivation.Sample(kind);
        var dropout = new Dropout(0.4f, 99);

        backend.SparseForward(w, bias, x, y.Buffer, slopes.Buffer, batchSize, activation, dropout);

        var z = DenseForward(w, bias, x.Span, batchSize);
        var keep = z.Select((_, index) => dropout.Keeps(index) ? 1 / 0.6 : 0).ToArray();
        AssertClose(z.Select((value, index) => DoubleActivation.Value(activation, value) * keep[index]).ToArray(), y.Written);
        AssertClose(z.Select((value, index) => DoubleActivation.Slope(activation, value) * keep[index]).ToArray(), slopes.Written);
    }

    [Theory, MemberData(nameof(AllActivations))]
    public void SparseForward_Inference_EqualsTrainingWithoutDropout(string name, int batchSize, ActivationKind kind)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(Rows, Columns, 0.3, seed: 7);
        var bias = Vector(Rows, seed: 8);
        using var x = Buffer(Vector(Columns * batchSize, seed: 9));
        using var trained = new GuardedBuffer(Rows * batchSize);
        using var slopes = new GuardedBuffer(Rows * batchSize);
        using var inferred = new GuardedBuffer(Rows * batchSize);
        var activation = DoubleActivation.Sample(kind);

        backend.SparseForward(w, bias, x, trained.Buffer, slopes.Buffer, batchSize, activation, Dropout.None);
        backend.SparseForward(w, bias, x, inferred.Buffer, batchSize, activation);

        Assert.Equal(Bits(trained.Written), Bits(inferred.Written));
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void SparseForward_SampleInAnyBatch_HasTheSameBits(string name)
    {
        const int whole = 77;
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(Rows, Columns, 0.3, seed: 10);
        var bias = Vector(Rows, seed: 11);
        var values = Vector(Columns * whole, seed: 12);
        using var x = Buffer(values);
        using var y = new GuardedBuffer(Rows * whole);
        backend.SparseForward(w, bias, x, y.Buffer, whole, DoubleActivation.Sample(ActivationKind.Tanh));

        for (var sample = 0; sample < whole; sample++)
        {
            using var one = Buffer(Enumerable.Range(0, Columns).Select(column => values[(column * whole) + sample]).ToArray());
            using var alone = new GuardedBuffer(Rows);
            backend.SparseForward(w, bias, one, alone.Buffer, 1, DoubleActivation.Sample(ActivationKind.Tanh));
            for (var row = 0; row < Rows; row++)
            {
                Assert.Equal(Bits(y.Written.Slice((row * whole) + sample, 1)), Bits(alone.Written.Slice(row, 1)));
            }
        }
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void SparseForward_NaNInOneSample_ReachesThatSampleOnly(string name)
    {
        const int batchSize = 20;
        using var backend = Backend.Create(name, 1);
        foreach (var kind in Enum.GetValues<ActivationKind>())
        {
            using var x = Buffer(Vector(Columns * batchSize, seed: 13));
            x.Span[(5 * batchSize) + 17] = float.NaN;
            using var y = new GuardedBuffer(Rows * batchSize);

            using var w = Matrix(Rows, Columns, 1, seed: 14);
            backend.SparseForward(w, new float[Rows], x, y.Buffer, batchSize, DoubleActivation.Sample(kind));

            for (var index = 0; index < Rows * batchSize; index++)
            {
                Assert.Equal(index % batchSize == 17, float.IsNaN(y.Written[index]));
            }
        }
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void SparseForward_WrongLengths_NamesThem(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(3, 5, 1, seed: 15);
        using var x = Buffer(new float[10]);
        using var y = Buffer(new float[6]);
        using var spare = Buffer(new float[6]);
        using var small = Buffer(new float[5]);
        var linear = Activation.Linear;

        var shortX = Assert.Throws<ArgumentException>(() => backend.SparseForward(w, new float[3], small, y, 2, linear));
        Assert.Contains("x has 5 elements; allowed: at least neurons·batchSize = 5·2 = 10", shortX.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => backend.SparseForward(w, new float[3], x, small, 2, linear));
        Assert.Throws<ArgumentException>(() => backend.SparseForward(w, new float[4], x, y, 2, linear));
        Assert.Throws<ArgumentException>(() => backend.SparseForward(w, new float[3], x, y, small, 2, linear, Dropout.None));
        Assert.Throws<ArgumentException>(() => backend.SparseForward(w, new float[3], x, x, 2, linear));
        Assert.Throws<ArgumentException>(() => backend.SparseForward(w, new float[3], x, y, y, 2, linear, Dropout.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => backend.SparseForward(w, new float[3], x, y, 0, linear));
        Assert.Throws<ArgumentOutOfRangeException>(() => backend.SparseForward(w, new float[3], x, y, spare, 2, linear, new Dropout(1, 0)));
    }

    internal static double[] DenseForward(CsrMatrix w, float[] bias, ReadOnlySpan<float> x, int batchSize)
    {
        var dense = Dense(w);
        var y = new double[w.Rows * batchSize];
        for (var row = 0; row < w.Rows; row++)
        {
            for (var sample = 0; sample < batchSize; sample++)
            {
                double sum = bias[row];
                for (var column = 0; column < w.Columns; column++)
                {
                    sum += dense[(row * w.Columns) + column] * x[(column * batchSize) + sample];
                }

                y[(row * batchSize) + sample] = sum;
            }
        }

        return y;
    }
}
