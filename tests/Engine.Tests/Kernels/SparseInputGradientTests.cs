using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

public class SparseInputGradientTests
{
    private const int Rows = 13;
    private const int Columns = 29;

    public static TheoryData<string, int, double> AllShapes => Shapes();

    [Theory, MemberData(nameof(AllShapes))]
    public void SparseInputGradient_AnyShape_MatchesDenseProductInDouble(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var dY = Buffer(Vector(Rows * batchSize, seed: 2));
        using var slopes = Buffer(Vector(Columns * batchSize, seed: 3));
        using var dX = new GuardedBuffer(Columns * batchSize);

        backend.SparseInputGradient(w, TransposeIndex.Of(w), dY, slopes, dX.Buffer, batchSize);

        var dense = Dense(w);
        var expected = new double[Columns * batchSize];
        for (var index = 0; index < expected.Length; index++)
        {
            var (column, sample) = (index / batchSize, index % batchSize);
            for (var row = 0; row < Rows; row++)
            {
                expected[index] += dense[(row * Columns) + column] * dY.Span[(row * batchSize) + sample] * slopes.Span[index];
            }
        }

        AssertClose(expected, dX.Written);
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void SparseInputGradient_ForeignIndexOrShortBuffer_Throws(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(3, 5, 1, seed: 4);
        using var wT = TransposeIndex.Of(w);
        using var dY = Buffer(new float[6]);
        using var slopes = Buffer(new float[10]);
        using var dX = Buffer(new float[10]);
        using var small = Buffer(new float[5]);

        var foreign = TransposeIndex.Of(Matrix(3, 5, 0, seed: 5));
        Assert.Throws<ArgumentException>(() => backend.SparseInputGradient(w, foreign, dY, slopes, dX, 2));
        var turned = TransposeIndex.Of(Matrix(5, 3, 1, seed: 6));
        Assert.Throws<ArgumentException>(() => backend.SparseInputGradient(w, turned, dY, slopes, dX, 2));
        var replaced = new CsrMatrix(3, 5, w.RowOffsets.Span, w.ColumnIndices.Span, w.Values.Span); // as many connections: only identity tells
        Assert.Throws<ArgumentException>(() => backend.SparseInputGradient(replaced, wT, dY, slopes, dX, 2));
        Assert.Throws<ArgumentException>(() => backend.SparseInputGradient(w, wT, small, slopes, dX, 2));
        Assert.Throws<ArgumentException>(() => backend.SparseInputGradient(w, wT, dY, small, dX, 2));
        Assert.Throws<ArgumentException>(() => backend.SparseInputGradient(w, wT, dY, slopes, small, 2));
        Assert.Throws<ArgumentException>(() => backend.SparseInputGradient(w, wT, dY, slopes, slopes, 2));
    }
}
