using System.Runtime.Intrinsics;
using SparseService.Engine.Data;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>The first layer computed from bytes against the one computed from the numbers that they stand for.</summary>
public class ByteInputTests
{
    private const int Rows = 61;
    private const int Columns = 83;

    public static TheoryData<string, int, double> AllShapes => Shapes();

    [Theory, MemberData(nameof(AllShapes))]
    public void Forward_FromBytes_HasTheBitsOfForwardFromFloats(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        using var bytes = Input(batchSize);
        using var floats = bytes.ToFloats(batchSize);
        Assert.Equal(Forward(backend, floats, batchSize, density), Forward(backend, bytes, batchSize, density));
    }

    // The sums are of dY·raw, and of dY for the offset: what is lost is in proportion to these.
    [Theory, MemberData(nameof(AllShapes))]
    public void WeightGradient_FromBytes_IsThatInDouble(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        using var bytes = Input(batchSize);
        using var floats = bytes.ToFloats(batchSize);
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var dY = Buffer(Vector(Rows * batchSize, seed: 5));
        using var gradient = new DeviceBuffer<float>(w.Nnz);

        var squares = backend.SparseWeightGradient(w, bytes, dY, gradient, batchSize);

        for (var row = 0; row < Rows; row++)
        {
            var size = dY.Row(row, batchSize).ToArray().Sum(d => Math.Abs((double)d)) / batchSize;
            for (var t = w.RowOffsets[row]; t < w.RowOffsets[row + 1]; t++)
            {
                var column = w.ColumnIndices[t];
                var (d, x) = (dY.Row(row, batchSize).ToArray(), floats.Row(column, batchSize).ToArray());
                var expected = d.Zip(x, (a, b) => (double)a * b).Sum() / batchSize;
                var most = size * ((255 * Math.Abs(bytes.Scale[column])) + Math.Abs(bytes.Offset[column]));
                Assert.Equal(expected, gradient[t], 1e-6 * most);
            }
        }

        Assert.Equal(gradient.ToArray().Sum(g => (double)g * g), squares, 1e-5 * squares);
    }

    [Theory]
    [InlineData(16, 1 << 9)]
    [InlineData(100, 1 << 10)]
    [InlineData(300, 1 << 12)]
    public void Step_FromBytesInTilesOnThreads_HasTheBitsOfOnePassOnOne(int batchSize, long tileBytes)
    {
        using var whole = new SimdBackend(1, new TilePlan(1L << 40, 1));
        using var tiled = new SimdBackend(2, new TilePlan(tileBytes, 1, FarBytes: 0));
        using var bytes = Input(batchSize);
        Assert.Equal(Forward(whole, bytes, batchSize, 0.4), Forward(tiled, bytes, batchSize, 0.4));
        Assert.Equal(Update(whole, bytes, batchSize, 0.4), Update(tiled, bytes, batchSize, 0.4));
    }

    [Fact]
    public void ToFloats_AnyByte_IsWhatNormalizationMakesOfIt()
    {
        float[] shift = [0, 33.25f, 255], scale = [1, 1 / 64f, 0];
        using var input = new ByteInput(shift, scale, most: 256);
        for (var index = 0; index < input.Raw.Length; index++)
        {
            input.Raw[index] = (byte)index;
        }

        using var floats = input.ToFloats(256);
        for (var index = 0; index < floats.Length; index++)
        {
            Assert.Equal(((index % 256) - shift[index / 256]) * scale[index / 256], floats[index]);
        }
    }

    [Fact]
    public void Forward_BytesShorterThanTheMinibatch_AreRefused()
    {
        using var backend = Backend.Create("simd", 1);
        using var w = Matrix(Rows, Columns, 0.3, seed: 1);
        using var bytes = Input(batchSize: 16);
        using var y = new DeviceBuffer<float>(Rows * 17);
        Assert.Throws<ArgumentException>(() => backend.SparseForward(w, new float[Rows], bytes, y, 17, Activation.Linear));
    }

    [Theory]
    [InlineData("simd", true, 64, true)]
    [InlineData("simd", true, 8, false)]
    [InlineData("simd", false, 64, false)]
    [InlineData("reference", true, 64, false)]
    public void Minibatch_IsBytes_WhereTheyAreStoredAndFaster(string name, bool areImages, int batchSize, bool isFaster)
    {
        using var files = new StoreFiles();
        using var data = files.Random(rows: 4, features: 1600, areImages ? SampleElement.Byte : SampleElement.Float);
        using var backend = Backend.Create(name, 1);
        var description = new ModelDescription(string.Empty, [], [], null, new float[data.Features], new float[data.Features]);
        var options = TrainingData.Options(2, 2) with { BatchSize = batchSize };
        using var minibatch = new Minibatch(options, description, data, backend, batchSize);
        Assert.Equal(isFaster && Vector512.IsHardwareAccelerated, minibatch.Input.Bytes is not null);
    }

    private static ByteInput Input(int batchSize)
    {
        var (shift, scale) = (Vector(Columns, seed: 21), Vector(Columns, seed: 22));
        var input = new ByteInput(Array.ConvertAll(shift, value => 128 * value), Array.ConvertAll(scale, value => value / 64), batchSize);
        var random = RandomStream.For(23, RandomPurpose.GeneratedData);
        foreach (ref var value in input.Raw.Span)
        {
            value = (byte)random.NextBelow(256);
        }

        return input;
    }

    private static uint[] Forward(Backend backend, LayerInput x, int batchSize, double density)
    {
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var inferred = new GuardedBuffer(Rows * batchSize);
        using var y = new GuardedBuffer(Rows * batchSize);
        using var slopes = new GuardedBuffer(Rows * batchSize);
        var tanh = DoubleActivation.Sample(ActivationKind.Tanh);
        var bias = Vector(Rows, seed: 4);
        backend.SparseForward(w, bias, x, inferred.Buffer, batchSize, tanh);
        backend.SparseForward(w, bias, x, y.Buffer, slopes.Buffer, batchSize, tanh, new Dropout(0.3f, 9));
        return [.. Bits(inferred.Written), .. Bits(y.Written), .. Bits(slopes.Written)];
    }

    private static uint[] Update(Backend backend, LayerInput x, int batchSize, double density)
    {
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var dY = Buffer(Vector(Rows * batchSize, seed: 5));
        using var gradient = new DeviceBuffer<float>(w.Nnz);
        using var state = Buffer(new float[w.Nnz]);
        backend.SparseWeightGradient(w, x, dY, gradient, batchSize);
        backend.SparseWeightUpdate(w, x, dY, state, null, batchSize, DoubleOptimizer.Samples[0]);
        return [.. Bits(gradient.Span), .. Bits(w.Values.Span), .. Bits(state.Span)];
    }
}
