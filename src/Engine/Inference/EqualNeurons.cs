using System.Runtime.InteropServices;

namespace SparseService.Engine.Inference;

/// <summary>
/// The shortcut for networks whose layers have neurons that are the same: equal connections, weights and bias, hence always equal activations. Each
/// different neuron is kept once, and a connection from any of its copies becomes one from it, weights added up.
/// </summary>
/// <remarks>What survives stays the same, but for rounding: sums are added up in another order. A network without such neurons comes back as it
/// was, which is how one sees that nothing was found.</remarks>
public static class EqualNeurons
{
    /// <summary>Merges the layers of a network, each when it is asked for; the given ones are freed.</summary>
    public static IEnumerable<CompactLayer> Merge(IEnumerable<CompactLayer> layers)
    {
        int[]? classes = null;
        var inputs = 0;
        foreach (var layer in layers)
        {
            classes ??= [.. Enumerable.Range(0, inputs = layer.Inputs)];
            var rows = Different(layer, out var next);
            var merged = Merged(layer, rows, classes, inputs);
            layer.Dispose();
            (classes, inputs) = (next, rows.Count);
            yield return merged;
        }
    }

    // Rows that differ from all before them, and for each row which of these it equals.
    private static List<int> Different(CompactLayer layer, out int[] classes)
    {
        var (rows, known) = (new List<int>(), new Dictionary<RowKey, int>());
        classes = new int[layer.Outputs];
        for (var row = 0; row < layer.Outputs; row++)
        {
            ref var found = ref CollectionsMarshal.GetValueRefOrAddDefault(known, new RowKey(layer, row), out var exists);
            if (!exists)
            {
                found = rows.Count;
                rows.Add(row);
            }

            classes[row] = found;
        }

        return rows;
    }

    private static CompactLayer Merged(CompactLayer layer, List<int> rows, int[] classes, int inputs)
    {
        var (sums, touched) = (new float[inputs], new List<int>());
        var (offsets, columns, values, bias) = (new int[rows.Count + 1], new List<ushort>(), new List<float>(), new float[rows.Count]);
        foreach (var (index, row) in rows.Index())
        {
            touched.Clear();
            for (var k = layer.Offsets[row]; k < layer.Offsets[row + 1L]; k++)
            {
                var column = classes[layer.Column(k)];
                sums[column] += layer.Values[k];
                touched.Add(column);
            }

            foreach (var column in touched.Distinct().Order())
            {
                columns.Add((ushort)column);
                values.Add(sums[column]);
                sums[column] = 0;
            }

            (offsets[index + 1], bias[index]) = (columns.Count, layer.Bias[row]);
        }

        return new CompactLayer(inputs, offsets, CollectionsMarshal.AsSpan(columns), CollectionsMarshal.AsSpan(values), bias, layer.Cap);
    }

    /// <summary>A row by its contents.</summary>
    private readonly struct RowKey(CompactLayer layer, int row) : IEquatable<RowKey>
    {
        private readonly CompactLayer layer = layer;
        private readonly int row = row;

        private ReadOnlySpan<ushort> Places => layer.Places.Span[layer.Offsets[row]..layer.Offsets[row + 1L]];

        private ReadOnlySpan<float> Values => layer.Values.Span[layer.Offsets[row]..layer.Offsets[row + 1L]];

        public bool Equals(RowKey other) => layer.Bias[row] == other.layer.Bias[other.row]
            && Places.SequenceEqual(other.Places) && Values.SequenceEqual(other.Values);

        public override bool Equals(object? obj) => obj is RowKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(Places));
            hash.AddBytes(MemoryMarshal.AsBytes(Values));
            return hash.ToHashCode();
        }
    }
}
