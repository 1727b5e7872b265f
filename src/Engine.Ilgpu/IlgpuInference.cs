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
        var most = (int)Math.Clamp(device.MemoryBytes / MemoryShare / (2L * Widest(layers) * sizeof(float)), 1, MostInputs);
        for (var first = 0; first < inputs.Rows; first += most)
        {
            var count = Math.Min(most, inputs.Rows - first);
            var bits = scratch.Uploaded<ulong>("bits", inputs.Words.AsSpan(first * inputs.RowWords, count * inputs.RowWords));
            device.Launch(
                new ExpandBits(
                    layers[0].Inputs, count, inputs.RowWords, bits.First<ulong>(count * inputs.RowWords), Activations(layers, 0, count)),
                layers[0].Inputs, count, device.Shape.Lanes(count));
            Run(layers, [.. Enumerable.Range(first, count)], active);
        }
    }

    private protected override void Continue(IReadOnlyList<CompactLayer> layers, Span<long> active)
    {
        (var before, left) = (left, []);
        foreach (var block in before)
        {
            Activations(layers, 0, block.Inputs.Length);
            scratch.Uploaded<float>("activations 0", block.X);
            Run(layers, block.Inputs, active);
        }
    }

    private protected override int[] End(Span<long> active)
    {
        int[] survivors = [.. left.SelectMany(block => block.Inputs)];
        left = [];
        return survivors;
    }

    /// <summary>Takes a block through the layers; what is left of it joins <see cref="left"/>.</summary>
    private void Run(IReadOnlyList<CompactLayer> layers, int[] inputs, Span<long> active)
    {
        var (stride, places) = (inputs.Length, Enumerable.Range(0, inputs.Length).ToArray());
        for (var l = 0; l < layers.Count; l++)
        {
            active[l] += inputs.Length;
            var alive = Apply(layers[l], Activations(layers, l, stride), Activations(layers, l + 1, stride), places, stride);
            places = [.. Enumerable.Range(0, inputs.Length).Where(slot => alive[slot] != 0)];
            inputs = [.. places.Select(slot => inputs[slot])];
            if (inputs.Length == 0)
            {
                return;
            }
        }

        left.Add(new Block(inputs, Kept(layers, places, stride)));
    }

    /// <returns>For each input whether an output is above 0.</returns>
    private int[] Apply(CompactLayer layer, ArrayView<float> x, ArrayView<float> y, int[] places, int stride)
    {
        var list = scratch.Uploaded<int>("list", places).First<int>(places.Length);
        var alive = scratch.Uploaded<int>("alive", new int[places.Length]);
        device.Launch(
            new FusedLayer(
                layer.Outputs, places.Length, stride, OnDevice(layer.Offsets), OnDevice(layer.Places), OnDevice(layer.Values),
                OnDevice(layer.Bias), layer.Cap, list, x, y, alive.First<int>(places.Length)),
            layer.Outputs, places.Length, device.Shape.Lanes(places.Length));
        return scratch.Downloaded<int>(alive, places.Length);
    }

    /// <summary>The last outputs of the inputs at some places, [neuron's place, input].</summary>
    private float[] Kept(IReadOnlyList<CompactLayer> layers, int[] places, int stride)
    {
        var width = layers[^1].Outputs;
        var y = scratch.Downloaded<float>(scratch.Of($"activations {layers.Count % 2}", 0), checked(width * stride));
        return [.. Enumerable.Range(0, width).SelectMany(neuron => places.Select(place => y[(neuron * stride) + place]))];
    }

    /// <summary>Two pieces of memory take turns.</summary>
    private ArrayView<float> Activations(IReadOnlyList<CompactLayer> layers, int layer, int stride)
    {
        var length = (long)Widest(layers) * stride;
        return scratch.Of($"activations {layer % 2}", length * sizeof(float)).First<float>(length);
    }

    private ArrayView<T> OnDevice<T>(DeviceBuffer<T> buffer)
        where T : unmanaged => DeviceCopy<DeviceBytes>.Of(buffer, device).ToRead().First<T>(buffer.Length);

    private static int Widest(IReadOnlyList<CompactLayer> layers) => layers.Max(layer => Math.Max(layer.Inputs, layer.Outputs));

    private sealed record Block(int[] Inputs, float[] X);
}
