using System.Text.Json;
using SparseService.Engine.Data;
using SparseService.Engine.Training;

namespace SparseService.Engine.Formats;

/// <summary>A trained model: CSR arrays, biases, the normalisation of its inputs and the names of its classes (docs/formats.md).</summary>
internal static class ModelFile
{
    public const string Format = "sparse-service/model";

    public static void Write(Stream destination, TrainerState state) =>
        Safetensors.Write(destination, Metadata(Format, state), Tensors(state).ToArray());

    public static Dictionary<string, string> Metadata(string format, TrainerState state) => new()
    {
        ["format"] = format,
        ["version"] = "1",
        ["options"] = JsonSerializer.Serialize(state.Options, RunSpecJson.Options),
        ["data"] = JsonSerializer.Serialize(DataDescription.From(state.Description), RunSpecJson.Options),
    };

    public static IEnumerable<Tensor> Tensors(TrainerState state) =>
        state.Network.Layers.SelectMany(layer => LayerTensors.Of(layer.Index, layer.Weights, layer.Bias)).Concat(Normalization(state));

    /// <summary>What stands behind the layers.</summary>
    public static IEnumerable<Tensor> Normalization(TrainerState state) =>
        [Tensor.Of("normalization.shift", state.Description.Shift), Tensor.Of("normalization.scale", state.Description.Scale)];

    /// <summary>Reads what models and checkpoints have in common.</summary>
    /// <exception cref="InvalidDataException">Names metadata field, value and what is allowed.</exception>
    public static (TrainingOptions Options, ModelDescription Description) ReadDescription(
        IReadOnlyDictionary<string, string> metadata, IReadOnlyDictionary<string, Tensor> tensors, params string[] formats)
    {
        var format = Field(metadata, "format");
        if (!formats.Contains(format) || Field(metadata, "version") != "1")
        {
            throw new InvalidDataException(
                $"The file has format {format}, version {Field(metadata, "version")}; allowed: {string.Join(" or ", formats)}, version 1");
        }

        var options = Parse<TrainingOptions>(metadata, "options");
        var faults = TrainingOptionsValidator.Validate(options);
        if (faults.Count > 0)
        {
            throw new InvalidDataException($"The file's options cannot work: {faults[0]}");
        }

        var data = Parse<DataDescription>(metadata, "data");
        var features = options.Network.Layers[0];
        return (options, new ModelDescription(
            data.Hash, data.ClassNames, data.FeatureNames, data.Image,
            LayerTensors.Finite(tensors, "normalization.shift", features),
            LayerTensors.Finite(tensors, "normalization.scale", features)));
    }

    public static string Field(IReadOnlyDictionary<string, string> metadata, string name) =>
        metadata.TryGetValue(name, out var value)
            ? value
            : throw new InvalidDataException($"Metadata field {name} is missing; allowed: as docs/formats.md says");

    private static T Parse<T>(IReadOnlyDictionary<string, string> metadata, string name)
    {
        try
        {
            return RunSpecJson.Read<T>(System.Text.Encoding.UTF8.GetBytes(Field(metadata, name)));
        }
        catch (InvalidSpecException exception)
        {
            throw new InvalidDataException($"Metadata field {name} cannot be read: {exception.Message}", exception);
        }
    }

    private sealed record DataDescription(
        string Hash, IReadOnlyList<string> ClassNames, IReadOnlyList<string> FeatureNames, ImageShape? Image)
    {
        public static DataDescription From(ModelDescription description) =>
            new(description.DataHash, description.ClassNames, description.FeatureNames, description.Image);
    }
}
