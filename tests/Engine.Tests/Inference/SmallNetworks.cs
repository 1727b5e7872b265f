using SparseService.Engine.Inference;

namespace SparseService.Engine.Tests.Inference;

/// <summary>Networks and inputs that are small and have everything that is irregular: rows without connections, odd widths, negative weights.</summary>
internal static class SmallNetworks
{
    /// <summary>Layers of the given widths, input first; weights are multiples of 1/64.</summary>
    public static CompactLayer[] Layers(int[] widths, ulong seed, float bias = -0.25f, float cap = 4) =>
        [.. Enumerable.Range(0, widths.Length - 1).Select(layer => Layer(widths[layer], widths[layer + 1], seed + (ulong)layer, bias, cap))];

    public static CompactLayer Layer(int inputs, int outputs, ulong seed, float bias = -0.25f, float cap = 4)
    {
        var random = RandomStream.For(seed, RandomPurpose.Topology);
        var (offsets, columns, values, biases) = (new List<int> { 0 }, new List<ushort>(), new List<float>(), new float[outputs]);
        for (var row = 0; row < outputs; row++)
        {
            var fanIn = Math.Min(inputs, (int)random.NextBelow(9)); // 0 to 8: also rows without connections, and all remainders of four
            columns.AddRange(Enumerable.Range(0, 10 * fanIn).Select(_ => (ushort)random.NextBelow(inputs)).Distinct().Take(fanIn).Order());
            biases[row] = bias * (1 + (row % 3));
            offsets.Add(columns.Count);
        }

        while (values.Count < columns.Count)
        {
            values.Add((random.NextBelow(80) - 16) / 64f);
        }

        return new CompactLayer(inputs, [.. offsets], [.. columns], [.. values], biases, cap);
    }

    public static BitRows Inputs(int count, int features, ulong seed)
    {
        var random = RandomStream.For(seed, RandomPurpose.GeneratedData);
        var inputs = new BitRows(count, (features + 63) / 64 * 64);
        for (var row = 0; row < count; row++)
        {
            var share = random.NextDouble(0, 0.6); // some nearly empty, some nearly half full
            for (var feature = 0; feature < features; feature++)
            {
                inputs[row, feature] = random.NextDouble() < share;
            }
        }

        return inputs;
    }

    /// <summary>Outputs of one layer in double, [output, slot], from x[input, slot].</summary>
    public static double[] InDouble(CompactLayer layer, double[] x, int slots)
    {
        var y = new double[layer.Outputs * slots];
        for (var row = 0; row < layer.Outputs; row++)
        {
            for (var slot = 0; slot < slots; slot++)
            {
                double sum = layer.Bias[row];
                for (var k = layer.Offsets[row]; k < layer.Offsets[row + 1L]; k++)
                {
                    sum += (double)layer.Values[k] * x[(layer.Column(k) * slots) + slot];
                }

                y[(row * slots) + slot] = Math.Min(layer.Cap, Math.Max(0, sum));
            }
        }

        return y;
    }

    /// <summary>Survivors and inputs that enter each layer, in double, without any shortcut.</summary>
    public static (int[] Survivors, long[] Active) InDouble(CompactLayer[] layers, BitRows inputs)
    {
        var (survivors, active) = (new List<int>(), new long[layers.Length]);
        for (var input = 0; input < inputs.Rows; input++)
        {
            var x = Enumerable.Range(0, layers[0].Inputs).Select(feature => inputs[input, feature] ? 1.0 : 0).ToArray();
            var isAlive = true;
            for (var layer = 0; layer < layers.Length && isAlive; layer++)
            {
                active[layer]++;
                x = InDouble(layers[layer], x, 1);
                isAlive = x.Any(value => value > 0);
            }

            if (isAlive)
            {
                survivors.Add(input);
            }
        }

        return ([.. survivors], active);
    }
}
