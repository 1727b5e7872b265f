using SparseService.Engine.Sparse;

namespace SparseService.Engine.Formats;

/// <summary>The tensors that a layer has in models and checkpoints: <c>layers.N.rowOffsets</c>, <c>.columnIndices</c>, <c>.values</c>, <c>.bias</c>.</summary>
internal static class LayerTensors
{
    public static IEnumerable<Tensor> Of(int layer, CsrMatrix weights, float[] bias) =>
    [
        Tensor.Of(Name(layer, "rowOffsets"), weights.RowOffsets.ToArray()),
        Tensor.Of(Name(layer, "columnIndices"), weights.ColumnIndices.ToArray()),
        Tensor.Of(Name(layer, "values"), weights.Values.ToArray()),
        Tensor.Of(Name(layer, "bias"), bias),
    ];

    public static string Name(int layer, string part) => $"layers.{layer}.{part}";

    /// <summary>Reads a layer and verifies everything that a kernel relies on.</summary>
    /// <exception cref="InvalidDataException">Names tensor, value and what is allowed.</exception>
    public static (CsrMatrix Weights, float[] Bias) Read(IReadOnlyDictionary<string, Tensor> tensors, int layer, int rows, int columns)
    {
        var rowOffsets = Array<long>(tensors, Name(layer, "rowOffsets"), rows + 1);
        var columnIndices = Array<int>(tensors, Name(layer, "columnIndices"));
        var values = Finite(tensors, Name(layer, "values"), columnIndices.Length);
        try
        {
            var weights = new CsrMatrix(rows, columns, rowOffsets, columnIndices, values);
            weights.Check();
            return (weights, Finite(tensors, Name(layer, "bias"), rows));
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidDataException)
        {
            throw new InvalidDataException($"Layer {layer}: {fault.Message}", fault);
        }
    }

    /// <summary>A tensor that must be there with its type, and its length where one is given.</summary>
    public static T[] Array<T>(IReadOnlyDictionary<string, Tensor> tensors, string name, long? length = null)
        where T : unmanaged
    {
        if (!tensors.TryGetValue(name, out var tensor))
        {
            throw new InvalidDataException($"Tensor {name} is missing; present: {string.Join(", ", tensors.Keys.Take(20))}");
        }

        if (tensor.Data is not T[] data || (length is { } expected && data.LongLength != expected))
        {
            throw new InvalidDataException($"Tensor {name} has {tensor.Data.LongLength} elements of {tensor.Type}; allowed: {length?.ToString() ?? "any number"} of {typeof(T).Name}");
        }

        return data;
    }

    public static float[] Finite(IReadOnlyDictionary<string, Tensor> tensors, string name, long length)
    {
        var data = Array<float>(tensors, name, length);
        for (var i = 0L; i < data.LongLength; i++)
        {
            if (!float.IsFinite(data[i]))
            {
                throw new InvalidDataException($"Tensor {name} has {data[i]} at {i}; allowed: finite numbers");
            }
        }

        return data;
    }
}
