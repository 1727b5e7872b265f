namespace SparseService.Engine.Ilgpu;

/// <summary>Fused inference as C# kernels: a layer is one launch, and inputs that have become 0 leave between two of them.</summary>
/// <remarks>Inputs go through a part's layers block by block; between parts the activations of what is left wait on the host.</remarks>
internal sealed class IlgpuInference(IlgpuDevice device, int threads) : SparseInference(threads)
{
    private const int MostInputs = 1 << 14;

    // Of the device's memory that one block's activations may take.
    private const int MemoryShare = 4;

    private readonly DeviceScratch<DeviceBytes> scratch = new(device);
    private List<Block> left = [];

    public override string Name => OptionalBackend.Ilgpu;

    public override string Place => device.ToString();

    private protected override long PartBytes => Math.Min(1L << 32, device.MemoryBytes / MemoryShare);

    public override void Dispose()
    {
        scratch.Dispose();
        base.Dispose();
    }

    private protected override void Begin(IReadOnlyList<CompactLayer> layers, BitRows inputs, Span<long> active)
    {
        left = [];
        var (width, words) = (layers[0].Inputs, inputs.RowWords);
        var most = (int)Math.Clamp(device.MemoryBytes / MemoryShare / (2L * Widest(layers) * sizeof(float)), 1, MostInputs);
        foreach (var block in Enumerable.Range(0, inputs.Rows).Chunk(most))
        {
            var bits = inputs.Words.AsMemory(block[0] * words, block.Length * words);
            Run(layers, block, active, x => device.Launch(
                new ExpandBits(
                    width, block.Length, words, scratch.Uploaded<ulong>("bits", bits.Span).First<ulong>(bits.Length),
                    x.First<float>((long)width * block.Length)),
                width, block.Length, device.Shapes.Lanes(block.Length)));
        }
    }

    private protected override void Continue(IReadOnlyList<CompactLayer> layers, Span<long> active)
    {
        (var before, left) = (left, []);
        foreach (var (inputs, activations) in before)
        {
            Run(layers, inputs, active, x => device.Upload<DeviceBytes, float>(activations, x));
        }
    }

    private protected override int[] End(Span<long> active) => [.. left.SelectMany(block => block.Inputs)];

    /// <summary>Takes a block through the layers; what is left of it joins <see cref="left"/>.</summary>
    /// <param name="fill">Brings its activations before the first one to where they are computed with.</param>
    private void Run(IReadOnlyList<CompactLayer> layers, int[] inputs, Span<long> active, Action<DeviceBytes> fill)
    {
        var (stride, places) = (inputs.Length, Enumerable.Range(0, inputs.Length).ToArray());
        var length = (long)Widest(layers) * stride;
        var (x, y) = (scratch.Of("x", length * sizeof(float)), scratch.Of("y", length * sizeof(float)));
        fill(x);
        for (var l = 0; l < layers.Count && inputs.Length > 0; l++)
        {
            var (layer, count) = (layers[l], inputs.Length);
            active[l] += count;
            var list = scratch.Uploaded<int>("list", places).First<int>(count);
            var alive = scratch.Uploaded<int>("alive", new int[count]);
            device.Launch(
                new FusedLayer(
                    layer.Outputs, stride, device.ToRead(layer.Offsets), device.ToRead(layer.Places), device.ToRead(layer.Values),
                    device.ToRead(layer.Bias), layer.Cap, list, x.First<float>(length), y.First<float>(length), alive.First<int>(count)),
                layer.Outputs, count, device.Shapes.Lanes(count));
            var marks = scratch.Downloaded<int>(alive, count);
            places = [.. Enumerable.Range(0, count).Where(slot => marks[slot] != 0)];
            inputs = [.. places.Select(slot => inputs[slot])];
            (x, y) = (y, x);
        }

        if (inputs.Length > 0)
        {
            var width = layers[^1].Outputs;
            var all = scratch.Downloaded<float>(x, checked(width * stride));
            var kept = Enumerable.Range(0, width).SelectMany(neuron => places.Select(place => all[(neuron * stride) + place]));
            left.Add(new Block(inputs, [.. kept]));
        }
    }

    private static int Widest(IReadOnlyList<CompactLayer> layers) => layers.Max(layer => Math.Max(layer.Inputs, layer.Outputs));

    /// <param name="Activations">[place of the neuron, input].</param>
    private sealed record Block(int[] Inputs, float[] Activations);
}
