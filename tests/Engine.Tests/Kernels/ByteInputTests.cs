using SparseService.Engine.Data;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>The first layer computed from bytes has the bits of the one computed from the numbers that they stand for.</summary>
public class ByteInputTests
{
    private const int Rows = 61;
    private const int Columns = 83;

    public static TheoryData<string, int, double> AllShapes => Shapes();

    [Theory, MemberData(nameof(AllShapes))]
    public void Step_FromBytes_HasTheBitsOfTheStepFromFloats(string name, int batchSize, double density)
    {
        using var backend = Backend.Create(name, 1);
        using var bytes = Input(batchSize);
        using var floats = bytes.ToFloats(batchSize);
        Assert.Equal(Step(backend, floats, batchSize, density), Step(backend, bytes, batchSize, density));
    }

    [Theory]
    [InlineData(16, 1 << 9)]
    [InlineData(100, 1 << 10)]
    [InlineData(300, 1 << 12)]
    public void Step_FromBytesInTiles_HasTheSameBits(int batchSize, long tileBytes)
    {
        using var whole = new SimdBackend(1, new TilePlan(1L << 40, 1));
        using var tiled = new SimdBackend(2, new TilePlan(tileBytes, 1, FarBytes: 0));
        using var bytes = Input(batchSize);
        using var floats = bytes.ToFloats(batchSize);
        Assert.Equal(Step(whole, floats, batchSize, 0.4), Step(tiled, bytes, batchSize, 0.4));
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

    [Fact]
    public void Minibatch_OfImages_StaysBytesWhereTheBackendReadsThem()
    {
        using var files = new StoreFiles();
        using var images = files.Random(rows: 40, features: 20, SampleElement.Byte);
        Assert.NotNull(InputOf(images, "simd"));
        Assert.Null(InputOf(images, "reference"));
    }

    [Fact]
    public void Minibatch_OfFloats_IsFloats()
    {
        using var files = new StoreFiles();
        using var table = files.Random(rows: 40, features: 20, SampleElement.Float);
        Assert.Null(InputOf(table, "simd"));
    }

    private static ByteInput? InputOf(SampleStore data, string name)
    {
        using var backend = Backend.Create(name, 1);
        var description = new ModelDescription(string.Empty, [], [], null, new float[data.Features], new float[data.Features]);
        using var minibatch = new Minibatch(TrainingData.Options(2, 2), description, data, backend, most: 8);
        return minibatch.Input.Bytes;
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

    private static uint[] Step(Backend backend, LayerInput x, int batchSize, double density)
    {
        using var w = Matrix(Rows, Columns, density, seed: 1);
        using var inferred = new GuardedBuffer(Rows * batchSize);
        using var y = new GuardedBuffer(Rows * batchSize);
        using var slopes = new GuardedBuffer(Rows * batchSize);
        using var gradient = new DeviceBuffer<float>(w.Nnz);
        using var state = Buffer(new float[w.Nnz]);
        var tanh = DoubleActivation.Sample(ActivationKind.Tanh);
        var bias = Vector(Rows, seed: 4);

        backend.SparseForward(w, bias, x, inferred.Buffer, batchSize, tanh);
        backend.SparseForward(w, bias, x, y.Buffer, slopes.Buffer, batchSize, tanh, new Dropout(0.3f, 9));
        backend.SparseWeightGradient(w, x, y.Buffer, gradient, batchSize);
        backend.SparseWeightUpdate(w, x, y.Buffer, state, null, batchSize, DoubleOptimizer.Samples[0]);
        return
        [
            .. Bits(inferred.Written), .. Bits(y.Written), .. Bits(slopes.Written), .. Bits(gradient.Span), .. Bits(w.Values.Span), .. Bits(state.Span),
        ];
    }
}
