using SparseService.Engine.Sparse;

namespace SparseService.Engine.Gpu;

/// <summary>Runs inputs of 0 and 1 through a network on a device, and leaves out inputs whose activations have all become 0.</summary>
/// <remarks>Weights and activations stay on the device from the first layer to the last; the host learns how many inputs are left at layers 1, 2,
/// 4, 8 … only. One run at a time.</remarks>
public sealed unsafe class DeviceInference : IDisposable
{
    internal const int CompactItems = 256;

    private const string Program = "FusedLayer";

    // Of the device's memory that activations may take; the rest is for weights.
    private const double ActivationShare = 0.6;

    private readonly GpuDevice device;
    private readonly FusedShape shape;
    private readonly DeviceQueue queue;
    private readonly List<Layer> layers = [];
    private readonly float cap;
    private readonly Kernel fused;
    private readonly Kernel expand;
    private readonly Kernel compact;

    /// <param name="weights">Layer after layer; each has the outputs of the one before it as inputs, at most 65,536. Stay the caller's.</param>
    /// <param name="biases">One per output of each layer; none above 0, or no input could ever be left out.</param>
    /// <param name="cap">Upper limit of activations.</param>
    /// <exception cref="ArgumentException">Widths do not fit, or a bias is above 0.</exception>
    /// <exception cref="DeviceException">The device has not enough memory, or does not answer.</exception>
    public DeviceInference(GpuDevice device, IReadOnlyList<CsrMatrix> weights, IReadOnlyList<float[]> biases, float cap)
        : this(device, weights, biases, cap, FusedShape.Of(device))
    {
    }

    internal DeviceInference(GpuDevice device, IReadOnlyList<CsrMatrix> weights, IReadOnlyList<float[]> biases, float cap, FusedShape shape)
    {
        Require(weights, biases);
        (this.device, this.cap, this.shape) = (device, cap, shape);
        var program = device.Program(Program, KernelSource.Of(Program), shape.Options);
        queue = new DeviceQueue(device);
        (fused, expand, compact) = (new Kernel(device, program, "fused_layer"), new Kernel(device, program, "expand_bits"), new Kernel(device, program, "compact"));
        try
        {
            for (var l = 0; l < weights.Count; l++)
            {
                layers.Add(new Layer(queue, SlicedLayer.Of(weights[l], shape), biases[l]));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Inputs that entered each layer in the last run.</summary>
    public IReadOnlyList<long> Active { get; private set; } = [];

    /// <summary>Inputs that are run at a time; 0 = as many as the device's memory holds.</summary>
    public int MostInputs { get; init; }

    /// <summary>Runs all inputs.</summary>
    /// <param name="bits">[input, feature], bit f in word f / 64 of its row, lowest first.</param>
    /// <param name="words">Words of an input, enough for the first layer.</param>
    /// <returns>The inputs whose last output is not all 0, ascending from 0.</returns>
    /// <exception cref="ArgumentException">An input has too few words.</exception>
    /// <exception cref="DeviceException">The device has not enough memory, or is lost.</exception>
    public int[] Run(ReadOnlySpan<ulong> bits, int words)
    {
        if (words < 1 || words * 64L < layers[0].Inputs || bits.Length % words != 0)
        {
            throw new ArgumentException(
                $"bits has {bits.Length} words, {words} an input; allowed: whole inputs of at least {(layers[0].Inputs + 63) / 64}", nameof(bits));
        }

        var (rows, survivors, active) = (bits.Length / words, new List<int>(), new long[layers.Count]);
        var most = Math.Max(1, Math.Min(rows, MostInputs > 0 ? MostInputs : Room()));
        using var buffers = new Buffers(device, most, layers.Max(layer => Math.Max(layer.Inputs, layer.Outputs)), layers.Count);
        for (var first = 0; first < rows; first += most)
        {
            var count = Math.Min(most, rows - first);
            survivors.AddRange(RunPart(buffers, bits.Slice(first * words, count * words), words, first, active));
        }

        Active = active;
        return [.. survivors];
    }

    public void Dispose()
    {
        layers.ForEach(layer => layer.Dispose());
        fused.Dispose();
        expand.Dispose();
        compact.Dispose();
        queue.Release();
    }

    private int[] RunPart(Buffers buffers, ReadOnlySpan<ulong> bits, int words, int firstId, long[] active)
    {
        var rows = bits.Length / words;
        using var input = new DeviceMemory(device, (long)bits.Length * sizeof(ulong));
        Upload(bits, input);
        Upload<int>([rows], buffers.Counts);
        queue.Clear(buffers.Alive);
        expand.Begin().Value(layers[0].Inputs).Value(rows).Value(words).Memory(input).Memory(buffers.X).Memory(buffers.List).Memory(buffers.Ids)
            .Value(firstId).Run(queue, (layers[0].Inputs, rows), (64, 4));
        var bound = rows;
        for (var l = 0; l < layers.Count; l++)
        {
            var layer = layers[l];
            layer.GiveTo(fused.Begin().Value(layer.Inputs).Value(layer.Outputs).Memory(buffers.Counts).Value(l))
                .Value(cap).Memory(buffers.List).Memory(buffers.X).Memory(buffers.Y).Memory(buffers.Alive)
                .Local(shape.Stage * shape.Features * sizeof(float)).Local(shape.Features * sizeof(int))
                .Run(queue, ((layer.Outputs + shape.Rows - 1L) / shape.Rows * shape.Rows, (bound + shape.Features - 1) / shape.Features), (shape.Rows, 1));
            compact.Begin().Memory(buffers.Counts).Value(l).Memory(buffers.Alive).Memory(buffers.List).Memory(buffers.Ids).Memory(buffers.NextIds)
                .Local(CompactItems * sizeof(int)).Run(queue, CompactItems, CompactItems);
            buffers.Swap();

            // A launch too many costs little, a wait for the device more.
            if (System.Numerics.BitOperations.IsPow2(l + 1))
            {
                bound = CountsUpTo(buffers, l + 1)[l + 1];
            }

            if (bound == 0)
            {
                AddActive(CountsUpTo(buffers, l), active);
                return [];
            }
        }

        var counts = CountsUpTo(buffers, layers.Count);
        AddActive(counts.AsSpan(0, layers.Count), active);
        var survivors = new int[counts[^1]];
        fixed (int* host = survivors)
        {
            queue.Download(buffers.Ids, host, (long)survivors.Length * sizeof(int));
        }

        return survivors;
    }

    private static void AddActive(ReadOnlySpan<int> counts, long[] active)
    {
        for (var l = 0; l < counts.Length; l++)
        {
            active[l] += counts[l];
        }
    }

    /// <summary>Inputs that entered layers 0 to <paramref name="layer"/>.</summary>
    private int[] CountsUpTo(Buffers buffers, int layer)
    {
        var counts = new int[layer + 1];
        fixed (int* host = counts)
        {
            queue.Download(buffers.Counts, host, counts.Length * sizeof(int));
        }

        return counts;
    }

    private int Room()
    {
        var widest = layers.Max(layer => (long)Math.Max(layer.Inputs, layer.Outputs));
        var weights = layers.Sum(layer => layer.Bytes);
        var room = Math.Min(device.LargestBufferBytes, (long)((device.MemoryBytes - weights) * ActivationShare / 2));
        return (int)Math.Clamp(room / (widest * sizeof(float)), 1, (long)CudaGrid.MostAcross * shape.Features);
    }

    private void Upload<T>(ReadOnlySpan<T> items, DeviceMemory memory)
        where T : unmanaged
    {
        fixed (T* host = items)
        {
            queue.Upload(host, memory, (long)items.Length * sizeof(T));
        }
    }

    private static void Require(IReadOnlyList<CsrMatrix> weights, IReadOnlyList<float[]> biases)
    {
        if (weights.Count == 0 || biases.Count != weights.Count)
        {
            throw new ArgumentException($"{weights.Count} layers have {biases.Count} arrays of biases; allowed: one for each of at least one", nameof(biases));
        }

        for (var l = 0; l < weights.Count; l++)
        {
            if (l > 0 && weights[l].Columns != weights[l - 1].Rows)
            {
                throw new ArgumentException(
                    $"Layer {l} has {weights[l].Columns} inputs; allowed: {weights[l - 1].Rows}, the outputs of the one before it", nameof(weights));
            }

            if (biases[l].Length != weights[l].Rows || biases[l].Any(bias => !(bias <= 0)))
            {
                throw new ArgumentException($"Biases of layer {l}; allowed: {weights[l].Rows}, none above 0", nameof(biases));
            }
        }
    }

    /// <summary>A layer's arrays on the device.</summary>
    private sealed class Layer : IDisposable
    {
        private readonly List<DeviceMemory> arrays = [];

        public Layer(DeviceQueue queue, SlicedLayer from, float[] biases)
        {
            (Inputs, Outputs, Bytes) = (from.Inputs, from.Outputs, from.Bytes);
            Add<int>(queue, from.FirstStages);
            Add<int>(queue, from.MapOffsets);
            Add<ushort>(queue, from.Map);
            Add<int>(queue, from.SliceOffsets);
            Add<ushort>(queue, from.Columns);
            Add<float>(queue, from.Values);
            Add<float>(queue, biases);
        }

        public int Inputs { get; }

        public int Outputs { get; }

        public long Bytes { get; }

        public Kernel GiveTo(Kernel kernel) => arrays.Aggregate(kernel, (taker, array) => taker.Memory(array));

        public void Dispose() => arrays.ForEach(array => array.Dispose());

        private void Add<T>(DeviceQueue queue, ReadOnlySpan<T> items)
            where T : unmanaged
        {
            var memory = new DeviceMemory(queue.Device, (long)items.Length * sizeof(T));
            arrays.Add(memory);
            fixed (T* host = items)
            {
                queue.Upload(host, memory, (long)items.Length * sizeof(T));
            }
        }
    }

    /// <summary>What a run needs besides the layers.</summary>
    private sealed class Buffers(GpuDevice device, int rows, int width, int layers) : IDisposable
    {
        public DeviceMemory X { get; private set; } = new(device, (long)rows * width * sizeof(float));

        public DeviceMemory Y { get; private set; } = new(device, (long)rows * width * sizeof(float));

        public DeviceMemory List { get; } = new(device, (long)rows * sizeof(int));

        public DeviceMemory Alive { get; } = new(device, (long)rows * sizeof(int));

        public DeviceMemory Ids { get; private set; } = new(device, (long)rows * sizeof(int));

        public DeviceMemory NextIds { get; private set; } = new(device, (long)rows * sizeof(int));

        public DeviceMemory Counts { get; } = new(device, (layers + 1L) * sizeof(int));

        public void Swap() => (X, Y, Ids, NextIds) = (Y, X, NextIds, Ids);

        public void Dispose()
        {
            foreach (var memory in new[] { X, Y, List, Alive, Ids, NextIds, Counts })
            {
                memory.Dispose();
            }
        }
    }
}
