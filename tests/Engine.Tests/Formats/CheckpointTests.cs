using SparseService.Engine.Formats;
using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Formats;

public sealed class CheckpointTests : IDisposable
{
    private readonly StoreFiles files = new();

    // Tensor or metadata to damage, how, and a word that the error must contain.
    public static TheoryData<string, string> Damages => new()
    {
        { "layers.0.values", "NaN" },
        { "layers.0.columnIndices", "column" },
        { "layers.1.rowOffsets", "Layer 1" },
        { "layers.0.bias", "missing" },
        { "layers.0.removed", "none of them removed" },
        { "layers.0.valuesState0", "elements" },
        { "layers.1.explored", "registers" },
        { "normalization.scale", "elements" },
        { "options", "options" },
        { "format", "format" },
        { "step", "step" },
        { "stepInEpoch", "stepInEpoch" },
    };

    public void Dispose() => files.Dispose();

    [Theory, MemberData(nameof(Damages))]
    public void Resume_Damaged_SaysWhere(string what, string word)
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        using var trainer = Trainer.Create(TrainingData.Options(2, 8, 2), data, backend);
        using var intact = Safetensors.Read(new MemoryStream(TrainingData.Bytes(trainer.WriteCheckpoint)));
        var damagedMetadata = intact.Metadata.ToDictionary(field => field.Key, field => field.Key == what ? "nonsense" : field.Value);
        var damaged = intact.Tensors.Values.Select(tensor => tensor.Name == what ? Damage(tensor) : tensor).OfType<Tensor>().ToArray();
        using var file = new MemoryStream();
        Safetensors.Write(file, damagedMetadata, damaged);
        file.Position = 0;
        var exception = Assert.Throws<InvalidDataException>(() => Trainer.Resume(file, data, backend));
        Assert.Contains(word, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Model_OfACheckpoint_PredictsLikeTheModel()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        using var trainer = Trainer.Create(TrainingData.Options(2, 8, 2), data, backend);
        TrainingData.TrainToEnd(trainer);
        var (fromModel, fromCheckpoint) = (Predict(trainer.WriteModel), Predict(trainer.WriteCheckpoint));
        Assert.Equal(fromModel, fromCheckpoint);
        Assert.True(TrainingData.Bytes(trainer.WriteModel).Length < TrainingData.Bytes(trainer.WriteCheckpoint).Length);

        float[] Predict(Action<Stream> write)
        {
            using var model = SparseModel.Load(new MemoryStream(TrainingData.Bytes(write)), backend);
            var output = new float[2];
            model.Predict([0.3f, -0.4f], output);
            return output;
        }
    }

    [Fact]
    public void PromotedModel_OfACheckpoint_IsTheModelByteForByte()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        using var trainer = Trainer.Create(TrainingData.Options(2, 8, 2), data, backend);
        TrainingData.TrainToEnd(trainer);
        var checkpoint = new MemoryStream(TrainingData.Bytes(trainer.WriteCheckpoint));
        var (header, sources) = PromotedModel.Of(SafetensorsHeader.Read(checkpoint));
        var arrays = (int)checkpoint.Position;
        byte[] promoted =
        [
            .. header.ToBytes(),
            .. sources.SelectMany(entry => checkpoint.ToArray()[(arrays + (int)entry.Start)..(arrays + (int)entry.End)]),
        ];
        Assert.Equal(TrainingData.Bytes(trainer.WriteModel), promoted);

        var model = SafetensorsHeader.Read(new MemoryStream(promoted));
        var refusal = Assert.Throws<InvalidDataException>(() => PromotedModel.Of(model));
        Assert.Contains("sparse-service/checkpoint", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_AModel_IsRefusedInWords()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        using var trainer = Trainer.Create(TrainingData.Options(2, 8, 2), data, backend);
        var exception = Assert.Throws<InvalidDataException>(() => Trainer.Resume(new MemoryStream(TrainingData.Bytes(trainer.WriteModel)), data, backend));
        Assert.Contains("sparse-service/checkpoint", exception.Message, StringComparison.Ordinal);
    }

    private static Tensor? Damage(Tensor tensor) => tensor.Name switch
    {
        "layers.0.values" => With(tensor, 1, float.NaN),
        "layers.0.columnIndices" => With(tensor, 0, 5),
        "layers.0.removed" => With(tensor, 0, (byte)1),
        "layers.1.rowOffsets" => With(tensor, 1, 1000L),
        "layers.0.bias" => null,
        "layers.1.explored" => Tensor.Of(tensor.Name, new byte[1]),
        _ => Tensor.Of(tensor.Name, new float[1]),
    };

    private static Tensor With<T>(Tensor tensor, int position, T value)
        where T : unmanaged
    {
        var data = tensor.ToArray<T>();
        data[position] = value;
        return Tensor.Of(tensor.Name, data);
    }
}
