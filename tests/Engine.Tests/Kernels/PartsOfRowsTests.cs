using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>The operations for rows whose inputs are partly somebody else's: each against the operation on whole rows.</summary>
public class PartsOfRowsTests
{
    private const int Rows = 37;
    private const int Columns = 41;
    private const int Own = 17;

    public static TheoryData<string, int, double> AllShapes => Shapes();

    public static TheoryData<int, double, long, int> PlansAndThreads()
    {
        var cases = new TheoryData<int, double, long, int>();
        foreach (var batchSize in BatchSizes)
        {
            foreach (var density in new[] { 0.05, 0.5, 1 })
            {
                cases.Add(batchSize, density, 1L << 40, 1);
                cases.Add(batchSize, density, 1 << 10, 3); // strip by strip, tile by tile
            }
        }

        return cases;
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void SparseForwardOnto_AnyShape_MatchesDenseProductInDouble(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var x = Buffer(Vector(Columns * batchSize, seed: 3));
        foreach (var kind in Enum.GetValues<ActivationKind>())
        {
            var activation = DoubleActivation.Sample(kind);
            var sums = Vector(Rows * batchSize, seed: 2);
            using var y = new GuardedBuffer(Rows * batchSize);
            using var slopes = new GuardedBuffer(Rows * batchSize);
            sums.CopyTo(y.Buffer.Span);

            backend.SparseForwardOnto(w, x, y.Buffer, slopes.Buffer, batchSize, activation);

            var z = Dense(w, x, batchSize).Zip(sums, (product, sum) => product + sum).ToArray();
            AssertClose(z.Select(value => DoubleActivation.Value(activation, value)).ToArray(), y.Written);
            AssertClose(z.Select(value => DoubleActivation.Slope(activation, value)).ToArray(), slopes.Written);
        }
    }

    [Theory, MemberData(nameof(PlansAndThreads))]
    public void SparseForwardOnto_SecondPartOfRows_HasTheBitsOfWholeRows(int batchSize, double density, long tileBytes, int threads)
    {
        using var backend = new SimdBackend(threads, new TilePlan(tileBytes, 1));
        using var whole = Matrix(Rows, Columns, density, seed: 4);
        using var first = Part(whole, 0, Own);
        using var second = Part(whole, Own, Columns);
        var bias = Vector(Rows, seed: 5);
        var inputs = Vector(Columns * batchSize, seed: 6);
        using var x = Buffer(inputs);
        using var xFirst = Buffer(inputs[..(Own * batchSize)]);
        using var xSecond = Buffer(inputs[(Own * batchSize)..]);
        var activation = DoubleActivation.Sample(ActivationKind.AllRelu);
        using var expected = new GuardedBuffer(Rows * batchSize);
        using var expectedSlopes = new GuardedBuffer(Rows * batchSize);
        using var y = new GuardedBuffer(Rows * batchSize);
        using var slopes = new GuardedBuffer(Rows * batchSize);
        using var inferred = new GuardedBuffer(Rows * batchSize);

        backend.SparseForward(whole, bias, x, expected.Buffer, expectedSlopes.Buffer, batchSize, activation, Dropout.None);
        backend.SparseForward(first, bias, xFirst, y.Buffer, batchSize, Activation.Linear);
        backend.SparseForwardOnto(second, xSecond, y.Buffer, slopes.Buffer, batchSize, activation);
        backend.SparseForward(first, bias, xFirst, inferred.Buffer, batchSize, Activation.Linear);
        backend.SparseForwardOnto(second, xSecond, inferred.Buffer, null, batchSize, activation);

        Assert.Equal(Bits(expected.Written), Bits(y.Written));
        Assert.Equal(Bits(expectedSlopes.Written), Bits(slopes.Written));
        Assert.Equal(Bits(expected.Written), Bits(inferred.Written));
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void DropoutRows_SomeNeurons_HasTheBitsOfTheWholeLayer(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(Rows, Columns, density, seed: 7);
        using var x = Buffer(Vector(Columns * batchSize, seed: 8));
        var bias = Vector(Rows, seed: 9);
        var dropout = new Dropout(0.4f, 77);
        var activation = DoubleActivation.Sample(ActivationKind.Tanh);
        using var all = new GuardedBuffer(Rows * batchSize);
        using var allSlopes = new GuardedBuffer(Rows * batchSize);
        backend.SparseForward(w, bias, x, all.Buffer, allSlopes.Buffer, batchSize, activation, dropout);
        using var y = new GuardedBuffer(Rows * batchSize);
        using var slopes = new GuardedBuffer(Rows * batchSize);
        backend.SparseForward(w, bias, x, y.Buffer, slopes.Buffer, batchSize, activation, Dropout.None);

        int[] some = [.. Enumerable.Range(0, Rows).Where(row => row % 3 != 1)];
        using var neurons = new DeviceBuffer<int>(some);
        using var ownY = Taken(y.Written, some, batchSize);
        using var ownSlopes = Taken(slopes.Written, some, batchSize);
        backend.DropoutRows(neurons, ownY.Buffer, ownSlopes.Buffer, batchSize, dropout);

        using var expected = Taken(all.Written, some, batchSize);
        using var expectedSlopes = Taken(allSlopes.Written, some, batchSize);
        Assert.Equal(Bits(expected.Written), Bits(ownY.Written));
        Assert.Equal(Bits(expectedSlopes.Written), Bits(ownSlopes.Written));
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void SparseBackward_NoSlopes_HasTheBitsOfSlopesOfOne(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        foreach (var step in DoubleOptimizer.Samples)
        {
            var results = new[] { true, false }.Select(hasSlopes =>
            {
                using var w = Matrix(Rows, Columns, density, seed: 10);
                using var wT = TransposeIndex.Of(w);
                using var x = Buffer(Vector(Columns * batchSize, seed: 11));
                using var dY = Buffer(Vector(Rows * batchSize, seed: 12));
                using var ones = Buffer(Enumerable.Repeat(1f, Columns * batchSize).ToArray());
                using var dX = new GuardedBuffer(Columns * batchSize);
                using var state0 = Buffer(new float[w.Nnz]);
                using var state1 = step.StateSlots > 1 ? Buffer(new float[w.Nnz]) : null;
                var squares = backend.SparseBackward(w, wT, x, dY, hasSlopes ? ones : null, dX.Buffer, state0, state1, batchSize, step);
                return (squares, Bits: (uint[])[.. Bits(dX.Written), .. Bits(w.Values.Span), .. Bits(state0.Span)]);
            }).ToArray();

            Assert.Equal(results[0].Bits, results[1].Bits);
            Assert.Equal(results[0].squares, results[1].squares);
        }
    }

    [Theory, MemberData(nameof(AllShapes))]
    public void FoldRows_AnyRows_AddsThePart(string name, int batchSize, double share)
    {
        using var backend = Backend.Create(name, 2);
        var random = RandomStream.For(13, RandomPurpose.Shuffle);
        int[] rows = [.. Enumerable.Range(0, Rows).Where(_ => random.NextDouble() < share)];
        const int before = 3;
        var part = Vector((before + rows.Length) * batchSize, seed: 14);
        var slopes = Vector(Rows * batchSize, seed: 15);
        var sums = Vector(Rows * batchSize, seed: 16);
        using var partBuffer = Buffer(part);
        using var slopeBuffer = Buffer(slopes);
        using var dX = new GuardedBuffer(Rows * batchSize);
        sums.CopyTo(dX.Buffer.Span);

        backend.FoldRows(partBuffer, before, rows, dX.Buffer, batchSize);
        backend.MultiplyBySlopes(dX.Buffer, slopeBuffer, Rows, batchSize);

        var expected = sums.Select(value => (double)value).ToArray();
        for (var r = 0; r < rows.Length; r++)
        {
            for (var sample = 0; sample < batchSize; sample++)
            {
                var index = (rows[r] * batchSize) + sample;
                expected[index] += part[((before + r) * batchSize) + sample];
            }
        }

        AssertClose([.. expected.Select((sum, index) => sum * slopes[index])], dX.Written);
    }

    [Theory, MemberData(nameof(Backends), MemberType = typeof(KernelData))]
    public void PartsOfRows_WrongBuffer_NamesIt(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var w = Matrix(3, 5, 1, seed: 17);
        using var x = Buffer(new float[20]);
        using var y = Buffer(new float[12]);
        using var slopes = Buffer(new float[12]);
        using var small = Buffer(new float[3]);
        using var neurons = new DeviceBuffer<int>([0, 1, 2]);

        Assert.Equal("x", Name(() => backend.SparseForwardOnto(w, small, y, slopes, 4, Activation.Linear)));
        Assert.Equal("y", Name(() => backend.SparseForwardOnto(w, x, small, slopes, 4, Activation.Linear)));
        Assert.Equal("y", Name(() => backend.SparseForwardOnto(w, x, x, slopes, 4, Activation.Linear)));
        Assert.Equal("slopes", Name(() => backend.SparseForwardOnto(w, x, y, small, 4, Activation.Linear)));
        Assert.Equal("slopes", Name(() => backend.SparseForwardOnto(w, x, y, y, 4, Activation.Linear)));
        Assert.Equal("y", Name(() => backend.DropoutRows(neurons, small, slopes, 4, new Dropout(0.5f, 1))));
        Assert.Equal("slopes", Name(() => backend.DropoutRows(neurons, y, small, 4, new Dropout(0.5f, 1))));
        Assert.Equal("dropout", Name(() => backend.DropoutRows(neurons, y, slopes, 4, new Dropout(1, 1))));
        Assert.Equal("part", Name(() => backend.FoldRows(small, 0, [1], y, 4)));
        Assert.Equal("dX", Name(() => backend.FoldRows(x, 0, [1], small, 4)));
        Assert.Equal("slopes", Name(() => backend.MultiplyBySlopes(y, small, 3, 4)));
        Assert.Equal("rows", Name(() => backend.FoldRows(x, 0, [-1], y, 4)));

        static string? Name(Action action) => Assert.ThrowsAny<ArgumentException>(action).ParamName;
    }

    private static double[] Dense(CsrMatrix w, DeviceBuffer<float> x, int batchSize)
    {
        var y = new double[w.Rows * batchSize];
        for (var row = 0; row < w.Rows; row++)
        {
            for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1L]; k++)
            {
                for (var sample = 0; sample < batchSize; sample++)
                {
                    y[(row * batchSize) + sample] += (double)w.Values[k] * x[(w.ColumnIndices[k] * batchSize) + sample];
                }
            }
        }

        return y;
    }

    private static CsrMatrix Part(CsrMatrix whole, int first, int end)
    {
        var (offsets, columns, values) = (new List<long> { 0 }, new List<int>(), new List<float>());
        for (var row = 0; row < whole.Rows; row++)
        {
            for (var k = whole.RowOffsets[row]; k < whole.RowOffsets[row + 1L]; k++)
            {
                if (whole.ColumnIndices[k] >= first && whole.ColumnIndices[k] < end)
                {
                    columns.Add(whole.ColumnIndices[k] - first);
                    values.Add(whole.Values[k]);
                }
            }

            offsets.Add(columns.Count);
        }

        return new CsrMatrix(whole.Rows, end - first, offsets.ToArray(), columns.ToArray(), values.ToArray());
    }

    private static GuardedBuffer Taken(Span<float> from, int[] rows, int batchSize)
    {
        var taken = new GuardedBuffer(rows.Length * batchSize);
        for (var r = 0; r < rows.Length; r++)
        {
            from.Slice(rows[r] * batchSize, batchSize).CopyTo(taken.Buffer.Span[(r * batchSize)..]);
        }

        return taken;
    }
}
