using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Formats;

/// <summary>The tensors that a layer has in models and checkpoints: <c>layers.N.rowOffsets</c>, <c>.columnIndices</c>, <c>.values</c>,
/// <c>.bias</c>.</summary>
internal static class LayerTensors
{
    /// <param name="prefix">Before all names: whose network it is, where there are several.</param>
    public static IEnumerable<Tensor> Of(int layer, CsrMatrix weights, float[] bias, string prefix = "") =>
    [
        Tensor.Of(prefix + Name(layer, "rowOffsets"), weights.RowOffsets),
        Tensor.Of(prefix + Name(layer, "columnIndices"), weights.ColumnIndices),
        Tensor.Of(prefix + Name(layer, "values"), weights.Values),
        Tensor.Of(prefix + Name(layer, "bias"), bias),
    ];

    /// <summary>Names, types and shapes of the same, without the layer.</summary>
    public static IEnumerable<(string Name, string Type, IReadOnlyList<long> Shape)> Entries(int layer, int rows, long nnz) =>
    [
        (Name(layer, "rowOffsets"), "I64", [rows + 1L]),
        (Name(layer, "columnIndices"), "I32", [nnz]),
        (Name(layer, "values"), "F32", [nnz]),
        (Name(layer, "bias"), "F32", [rows]),
    ];

    public static string Name(int layer, string part) => $"layers.{layer}.{part}";

    /// <summary>Reads a layer and verifies everything that a kernel relies on.</summary>
    /// <exception cref="InvalidDataException">Names tensor, value and what is allowed.</exception>
    public static (CsrMatrix Weights, float[] Bias) Read(
        IReadOnlyDictionary<string, Tensor> tensors, int layer, int rows, int columns, string prefix = "")
    {
        var rowOffsets = Buffer<long>(tensors, prefix + Name(layer, "rowOffsets"), rows + 1L);
        var columnIndices = Buffer<int>(tensors, prefix + Name(layer, "columnIndices"));
        var values = FiniteBuffer(tensors, prefix + Name(layer, "values"), columnIndices.Length);
        try
        {
            var weights = new CsrMatrix(rows, columns, rowOffsets, columnIndices, values);
            weights.Check();
            return (weights, Finite(tensors, prefix + Name(layer, "bias"), rows));
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidDataException)
        {
            throw new InvalidDataException($"Layer {layer}: {fault.Message}", fault);
        }
    }

    /// <summary>A tensor that must be there with its type, and its length where one is given, copied to managed memory.</summary>
    public static T[] Array<T>(IReadOnlyDictionary<string, Tensor> tensors, string name, long? length = null)
        where T : unmanaged
    {
        using var tensor = Present<T>(tensors, name, length);
        return tensor.ToArray<T>();
    }

    public static float[] Finite(IReadOnlyDictionary<string, Tensor> tensors, string name, long length)
    {
        using var buffer = FiniteBuffer(tensors, name, length);
        return buffer.ToArray();
    }

    /// <summary>A tensor that must be there with its type, and its length where one is given: its memory, without a copy.</summary>
    public static DeviceBuffer<T> Buffer<T>(IReadOnlyDictionary<string, Tensor> tensors, string name, long? length = null)
        where T : unmanaged => Present<T>(tensors, name, length).Take<T>();

    public static unsafe DeviceBuffer<float> FiniteBuffer(IReadOnlyDictionary<string, Tensor> tensors, string name, long length)
    {
        var data = Buffer<float>(tensors, name, length);
        for (var i = 0L; i < length; i++)
        {
            if (!float.IsFinite(data.Pointer[i]))
            {
                throw new InvalidDataException($"Tensor {name} has {data[i]} at {i}; allowed: finite numbers");
            }
        }

        return data;
    }

    private static Tensor Present<T>(IReadOnlyDictionary<string, Tensor> tensors, string name, long? length)
        where T : unmanaged
    {
        if (!tensors.TryGetValue(name, out var tensor))
        {
            throw new InvalidDataException($"Tensor {name} is missing; present: {string.Join(", ", tensors.Keys.Take(20))}");
        }

        return tensor.Type == Tensor.TypeName(typeof(T)) && tensor.Length == (length ?? tensor.Length)
            ? tensor
            : throw new InvalidDataException(
                $"Tensor {name} has {tensor.Length} elements of {tensor.Type}; allowed: {length?.ToString() ?? "any number"}"
                + $" of {Tensor.TypeName(typeof(T))}");
    }
}
