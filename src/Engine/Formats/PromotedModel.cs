namespace SparseService.Engine.Formats;

/// <summary>The model that stands inside a checkpoint: the bytes that the trainer would have written as a model at that moment.</summary>
public static class PromotedModel
{
    private static readonly string[] Fields = ["format", "version", "options", "data"];
    private static readonly string[] Parts =
        [".rowOffsets", ".columnIndices", ".values", ".bias", "normalization.shift", "normalization.scale"];

    /// <returns>The header of the model's file, and for each of its arrays, in order, where it lies in the checkpoint.</returns>
    /// <exception cref="InvalidDataException">The header is not a checkpoint's.</exception>
    public static (SafetensorsHeader Header, IReadOnlyList<TensorEntry> Sources) Of(SafetensorsHeader checkpoint)
    {
        var format = ModelFile.Field(checkpoint.Metadata, "format");
        Safetensors.Require(format == CheckpointFile.Format, $"the format is {format}", CheckpointFile.Format);
        var metadata = Fields.ToDictionary(field => field, field => ModelFile.Field(checkpoint.Metadata, field));
        metadata["format"] = ModelFile.Format;
        var sources = checkpoint.Entries.Where(entry => Parts.Any(part => entry.Name.EndsWith(part, StringComparison.Ordinal))).ToList();
        return (SafetensorsHeader.Of(metadata, sources.Select(entry => (entry.Name, entry.Type, entry.Shape))), sources);
    }
}
