namespace SparseService.Engine.Ilgpu.Kernels;

/// <summary>One layer of inference on many inputs: Y = min(cap, max(0, W·X + b)). [output, slot] threads, neighbours of which share the
/// weight.</summary>
/// <param name="list">Where in X each input stands that is still active.</param>
/// <param name="x">[place of the neuron, stride], see CompactLayer.Place.</param>
/// <param name="alive">1 where an output is above 0, whoever finds it first.</param>
internal readonly struct FusedLayer(
    int outputs, int stride, ArrayView<int> offsets, ArrayView<ushort> places, ArrayView<float> values, ArrayView<float> bias, float cap,
    ArrayView<int> list, ArrayView<float> x, ArrayView<float> y, ArrayView<int> alive) : IKernel
{
    public void Execute(long row, int slot)
    {
        var (sum, from) = (bias[row], list[slot]);
        for (var k = offsets[row]; k < offsets[row + 1]; k++)
        {
            sum = Fused.MultiplyAdd(values[k], x[((long)places[k] * stride) + from], sum);
        }

        y[((long)CompactLayer.Place((int)row, outputs) * stride) + slot] = Math.Min(cap, Math.Max(0, sum));
        if (sum > 0)
        {
            alive[slot] = 1;
        }
    }
}

/// <summary>Bits of the inputs, lowest first, as floats. [feature, slot] threads.</summary>
internal readonly struct ExpandBits(int features, int slots, int words, ArrayView<ulong> bits, ArrayView<float> x) : IKernel
{
    public void Execute(long row, int slot)
    {
        var feature = (int)row;
        var word = bits[((long)slot * words) + (feature / 64)];
        x[((long)CompactLayer.Place(feature, features) * slots) + slot] = (word >> (feature % 64)) & 1;
    }
}
