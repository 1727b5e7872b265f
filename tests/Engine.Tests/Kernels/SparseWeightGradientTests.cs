using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

public class SparseWeightGradientTests
{
    private const int Rows = 13;
    private const int Columns = 29;

    public static TheoryData<string, int, double> AllShapes => Shapes();

    [Theory, MemberData(nameof(AllShapes))]
    public void SparseWeightGradient_AnyShape_MatchesDenseProductInDouble(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var x = Buffer(Vector(Columns * batchSize, seed: 2));
        using var dY = Buffer(Vector(Rows * batchSize, seed: 3));
        using var dW = new DeviceBuffer<float>(w.Nnz);
        dW.Span.Fill(float.NaN);

        var squares = backend.SparseWeightGradient(w, x, dY, dW, batchSize);

        var expected = DenseWeightGradient(w, x.Span, dY.Span, batchSize);
        AssertClose(expected, dW.Span);
        Assert.Equal(expected.Sum(value => value * value), squares, 1e-5 * (1e-9 + expected.Sum(value => value * value)));
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void SparseWeightGradient_RowLongerThanAnyStretch_MatchesDenseProduct(string name)
    {
        // One row of 9,001 connections: it is cut inside the row, and into several strips of samples.
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(3, 9001, 1, seed: 4);
        using var x = Buffer(Vector(9001 * 150, seed: 5));
        using var dY = Buffer(Vector(3 * 150, seed: 6));
        using var dW = new DeviceBuffer<float>(w.Nnz);

        backend.SparseWeightGradient(w, x, dY, dW, 150);

        AssertClose(DenseWeightGradient(w, x.Span, dY.Span, 150), dW.Span);
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void SparseWeightGradient_WrongLengths_Throws(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(3, 5, 1, seed: 7);
        using var x = Buffer(new float[10]);
        using var dY = Buffer(new float[6]);
        using var small = Buffer(new float[5]);
        using var dW = Buffer(new float[15]);
        using var large = Buffer(new float[16]);

        Assert.Throws<ArgumentException>(() => backend.SparseWeightGradient(w, small, dY, dW, 2));
        Assert.Throws<ArgumentException>(() => backend.SparseWeightGradient(w, x, small, dW, 2));
        Assert.Throws<ArgumentException>(() => backend.SparseWeightGradient(w, x, dY, large, 2));
    }

    internal static double[] DenseWeightGradient(CsrMatrix w, ReadOnlySpan<float> x, ReadOnlySpan<float> dY, int batchSize)
    {
        var gradient = new double[w.Nnz];
        for (var row = 0; row < w.Rows; row++)
        {
            for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1]; k++)
            {
                for (var sample = 0; sample < batchSize; sample++)
                {
                    gradient[k] += (double)x[(w.ColumnIndices[k] * batchSize) + sample] * dY[(row * batchSize) + sample] / batchSize;
                }
            }
        }

        return gradient;
    }
}
