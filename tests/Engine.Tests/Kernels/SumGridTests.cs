using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

public sealed class SumGridTests
{
    private const int Rows = 61;
    private const int Columns = 47;

    // Without a fused multiply-add a product is rounded before it is added, and may then lie between two multiples of the grid.
    private static readonly bool SimdFuses = Fma.IsSupported || AdvSimd.IsSupported;

    public static TheoryData<string, int, double> AllShapes
    {
        get
        {
            var shapes = new TheoryData<string, int, double>();
            foreach (var (name, batchSize, density) in Shapes().Select(row => row.Data).Where(shape => SimdFuses || shape.Item1 == "reference"))
            {
                shapes.Add(name, batchSize, density);
            }

            return shapes;
        }
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void SparseForward_InputsInAnotherOrder_SameBits(string name, int batchSize, double density)
    {
        using var backend = FixedPoint(name);
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var x = Buffer(Vector(Columns * batchSize, seed: 2));
        var (reversed, reversedX) = (Reversed(w), ReversedRows(x, Columns, batchSize));
        using (reversed)
        using (reversedX)
        {
            var one = Forward(backend, w, x, batchSize);
            Assert.Equal(Bits(one), Bits(Forward(backend, reversed, reversedX, batchSize)));
            backend.Grid = default;
            AssertNear(Forward(backend, w, x, batchSize), one, (Columns + 1) * MathF.ScaleB(1, -14));
        }
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void SparseForward_InTwoParts_BitsOfTheWhole(string name, int batchSize, double density)
    {
        using var backend = FixedPoint(name);
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var x = Buffer(Vector(Columns * batchSize, seed: 2));
        using var odd = Part(w, (_, column) => column % 3 == 1);
        using var others = Part(w, (_, column) => column % 3 != 1);
        using var y = new DeviceBuffer<float>(Rows * batchSize);
        backend.SparseForward(odd, Bias, x, y, batchSize, Activation.Linear);
        backend.SparseForwardOnto(others, x, y, null, batchSize, Activation.Linear);
        Assert.Equal(Bits(Forward(backend, w, x, batchSize)), Bits(y.Span));
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void SparseBackward_RowsInThreeParts_BitsOfTheWhole(string name, int batchSize, double density)
    {
        using var backend = FixedPoint(name);
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var dY = Buffer([.. Vector(Rows * batchSize, seed: 3).Select(value => 0.03f * value)]);
        using var slopes = Buffer(Vector(Columns * batchSize, seed: 4));
        using var whole = new DeviceBuffer<float>(Columns * batchSize);
        using (var wT = TransposeIndex.Of(w))
        {
            backend.SparseInputGradient(w, wT, dY, slopes, whole, batchSize);
        }

        using var sum = Gradient(backend, w, dY, batchSize, part: 2);
        foreach (var part in new[] { 0, 1 })
        {
            using var more = Gradient(backend, w, dY, batchSize, part);
            backend.FoldRows(more, 0, Enumerable.Range(0, Columns).ToArray(), sum, batchSize);
        }

        backend.MultiplyBySlopes(sum, slopes, Columns, batchSize);
        Assert.Equal(Bits(whole.Span), Bits(sum.Span));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(128)]
    public void Backends_SameSums_SameBits(int batchSize)
    {
        Assert.SkipUnless(SimdFuses, "This processor has no fused multiply-add, or it is switched off");
        using var reference = FixedPoint("reference");
        using var simd = FixedPoint("simd");
        using var w = Matrix(Rows, Columns, 0.5, seed: 1);
        using var x = Buffer(Vector(Columns * batchSize, seed: 2));
        Assert.Equal(Bits(Forward(reference, w, x, batchSize)), Bits(Forward(simd, w, x, batchSize)));
    }

    // As plain floats the sums depend on the order: else the tests above show nothing.
    [Fact]
    public void SparseForward_Float_AnotherOrderOtherBits()
    {
        using var backend = Backend.Create("simd", 1);
        using var w = Matrix(Rows, Columns, 1, seed: 1);
        using var x = Buffer(Vector(Columns * 64, seed: 2));
        using var reversed = Reversed(w);
        using var reversedX = ReversedRows(x, Columns, 64);
        Assert.NotEqual(Bits(Forward(backend, w, x, 64)), Bits(Forward(backend, reversed, reversedX, 64)));
    }

    [Fact]
    public void SparseForward_FarOutOfRange_IsStillTheSum()
    {
        using var backend = FixedPoint("simd");
        using var w = new CsrMatrix(1, 2, [0L, 2], [0, 1], [1000f, 0.5f]);
        using var x = Buffer([.. Enumerable.Repeat(30f, 16), .. Enumerable.Repeat(3f, 16)]);
        using var y = new DeviceBuffer<float>(16);
        backend.SparseForward(w, [0.25f], x, y, 16, Activation.Linear);
        Assert.All(y.ToArray(), value => Assert.Equal(30_001.75f, value, 0.01f));
    }

    private static float[] Bias { get; } = Vector(Rows, seed: 7);

    private static Backend FixedPoint(string name)
    {
        var backend = Backend.Create(name, 1);
        backend.Grid = SumGrid.Of(forward: 9, backward: 4);
        return backend;
    }

    private static float[] Forward(Backend backend, CsrMatrix w, DeviceBuffer<float> x, int batchSize)
    {
        using var y = new DeviceBuffer<float>(Rows * batchSize);
        backend.SparseForward(w, Bias, x, y, batchSize, Activation.Linear);
        return y.ToArray();
    }

    // One part by each of the two kernels that add up gradients, the fused one among them.
    private static DeviceBuffer<float> Gradient(Backend backend, CsrMatrix w, DeviceBuffer<float> dY, int batchSize, int part)
    {
        var step = OptimizerStep.From(new OptimizerOptions(), 0.01, 1);
        using var rows = Part(w, (row, _) => row % 3 == part);
        using var wT = TransposeIndex.Of(rows);
        using var x = Buffer(Vector(Columns * batchSize, seed: 2));
        using var state = new DeviceBuffer<float>(rows.Nnz);
        state.Clear();
        var sums = new DeviceBuffer<float>(Columns * batchSize);
        backend.SparseBackward(rows, wT, x, dY, null, sums, state, null, batchSize, step);
        return sums;
    }

    private static CsrMatrix Part(CsrMatrix w, Func<int, int, bool> isTaken)
    {
        var (offsets, columns, values) = (new long[w.Rows + 1], new List<int>(), new List<float>());
        for (var row = 0; row < w.Rows; row++)
        {
            for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1]; k++)
            {
                if (isTaken(row, w.ColumnIndices[k]))
                {
                    columns.Add(w.ColumnIndices[k]);
                    values.Add(w.Values[k]);
                }
            }

            offsets[row + 1] = columns.Count;
        }

        return new CsrMatrix(w.Rows, w.Columns, offsets, [.. columns], [.. values]);
    }

    private static CsrMatrix Reversed(CsrMatrix w)
    {
        var columns = w.ColumnIndices.ToArray();
        var values = w.Values.ToArray();
        for (var row = 0; row < w.Rows; row++)
        {
            var (start, length) = ((int)w.RowOffsets[row], (int)(w.RowOffsets[row + 1] - w.RowOffsets[row]));
            columns.AsSpan(start, length).Reverse();
            values.AsSpan(start, length).Reverse();
        }

        return new CsrMatrix(w.Rows, w.Columns, w.RowOffsets.ToArray(), [.. columns.Select(column => w.Columns - 1 - column)], values);
    }

    private static DeviceBuffer<float> ReversedRows(DeviceBuffer<float> x, int rows, int batchSize) =>
        Buffer([.. Enumerable.Range(0, rows).Reverse().SelectMany(row => x.ToArray().Skip(row * batchSize).Take(batchSize))]);

    private static void AssertNear(float[] expected, float[] actual, float tolerance)
    {
        for (var index = 0; index < expected.Length; index++)
        {
            Assert.InRange(actual[index], expected[index] - tolerance, expected[index] + tolerance);
        }
    }
}
