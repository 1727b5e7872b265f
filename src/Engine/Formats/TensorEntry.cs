namespace SparseService.Engine.Formats;

/// <summary>Where an array of a safetensors file lies.</summary>
/// <param name="Type">As safetensors spells it: U8, I32, I64, F32 or F64.</param>
/// <param name="Start">Of its first byte, counted from the end of the header.</param>
public sealed record TensorEntry(string Name, string Type, IReadOnlyList<long> Shape, long Start, long End)
{
    public long Bytes => End - Start;
}
