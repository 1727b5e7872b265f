using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SparseService.Engine.Formats;

/// <summary>A named array of a safetensors file.</summary>
/// <param name="Type">Element type as safetensors spells it: U8, I32, I64, F32 or F64.</param>
/// <param name="Shape">Its product is the number of elements.</param>
/// <param name="Data">byte[], int[], long[], float[] or double[].</param>
public sealed record Tensor(string Name, string Type, IReadOnlyList<long> Shape, Array Data)
{
    public static Tensor Of<T>(string name, T[] data, params long[] shape)
        where T : unmanaged => new(name, TypeName(typeof(T)), shape.Length == 0 ? [data.LongLength] : shape, data);

    /// <summary>Size of the data in bytes.</summary>
    public long Bytes => Data.LongLength * ElementBytes(Type);

    internal static int ElementBytes(string type) => type switch
    {
        "U8" => 1,
        "I32" or "F32" => 4,
        "I64" or "F64" => 8,
        _ => 0,
    };

    internal static Array Allocate(string type, long length) => type switch
    {
        "U8" => new byte[length],
        "I32" => new int[length],
        "F32" => new float[length],
        "I64" => new long[length],
        _ => new double[length],
    };

    internal static Array Resize(Array array, long length)
    {
        var resized = Array.CreateInstance(array.GetType().GetElementType()!, length);
        Array.Copy(array, resized, Math.Min(array.LongLength, length));
        return resized;
    }

    /// <summary>A window of the data as bytes; safetensors is little-endian, as is every machine that .NET runs on here.</summary>
    internal static Span<byte> Window(Array data, long start, int length) =>
        MemoryMarshal.CreateSpan(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(data), (nint)start), length);

    private static string TypeName(Type type) =>
        type == typeof(byte) ? "U8" : type == typeof(int) ? "I32" : type == typeof(float) ? "F32" : type == typeof(long) ? "I64"
        : type == typeof(double) ? "F64" : throw new ArgumentException($"No safetensors type for {type}", nameof(type));
}
