using SparseService.Engine.Inference;

namespace SparseService.Engine.Gpu;

/// <summary>
/// Inference on one device or several. Each device has all weights and its own part of the inputs, and a thread of the host; nothing travels between them.
/// </summary>
/// <remarks>
/// A layer is cut into slices here and sent by the device's thread, while the device computes with the one before it. Layers of a network in memory stay on the
/// device for the next run, if all devices have room for them.
/// </remarks>
internal sealed class DeviceInference : SparseInference
{
    // Of layers that go together: more of them would be waited for before the first is computed with.
    private const long MostTogetherBytes = 256 << 20;

    private readonly IReadOnlyList<GpuDevice> devices;
    private readonly FusedShape shape;
    private readonly DeviceShare[] shares;
    private readonly DeviceThread[] threads;
    private readonly HashSet<CompactLayer> stay = new(ReferenceEqualityComparer.Instance);
    private readonly long mostBytes;
    private long stayBytes;
    private bool mayStay;
    private bool isOnDevices;
    private bool isWhole = true;

    /// <param name="devices">At least one; they are cut as the first one needs it.</param>
    /// <exception cref="DeviceException">A device does not answer.</exception>
    public DeviceInference(IReadOnlyList<GpuDevice> devices, FusedShape? shape = null, long? mostBytes = null)
        : base(devices.Count)
    {
        (this.devices, this.shape) = (devices, shape ?? FusedShape.Of(devices[0]));
        this.mostBytes = mostBytes ?? devices.Min(DeviceShare.LayerBytes);
        shares = [.. devices.Select(device => new DeviceShare(device, this.shape))];
        threads = [.. devices.Select(device => new DeviceThread(device.Name))];
    }

    public override string Name => devices[0].ApiName;

    public override string Place => string.Join(" + ", devices);

    /// <summary>Inputs that a device runs at a time; 0 = as many as it holds.</summary>
    internal int MostInputs { get; init; }

    /// <summary>Layers that stay on the devices.</summary>
    internal int StayingLayers => stay.Count;

    // Inputs that do not fit go through the first layers part by part, where most of them die; those that fit need no more than a layer at a time.
    private protected override int FirstLayers => isOnDevices ? 1 : base.FirstLayers;

    private protected override long PartBytes => isOnDevices ? 0 : Math.Min(MostTogetherBytes, mostBytes / 4);

    public override void Dispose()
    {
        Array.ForEach(threads, thread => thread.Dispose());
        Array.ForEach(shares, share => share.Dispose());
        base.Dispose();
    }

    private protected override void Prepare(LayerFeed layers, BitRows inputs)
    {
        mayStay = layers.KeepsLayers;
        var most = MostInputs > 0 ? MostInputs : devices.Min(device => DeviceShare.Room(device, shape, layers.Inputs));
        isOnDevices = (inputs.Rows + shares.Length - 1) / shares.Length <= most;
        ForEach((share, index) =>
        {
            var (first, end) = (Bound(index), Bound(index + 1));
            share.Begin(layers.Count, inputs.Words.AsMemory(first * inputs.RowWords, (end - first) * inputs.RowWords), inputs.RowWords, first);
        });

        int Bound(int index) => (int)((long)inputs.Rows * index / shares.Length);
    }

    private protected override void Begin(IReadOnlyList<CompactLayer> layers, BitRows inputs, Span<long> active)
    {
        if (!mayStay || !isWhole || !stay.Contains(layers[0]))
        {
            // They are another network's, or a run has ended before all devices had them.
            ForEach((share, _) => share.Forget());
            stay.Clear();
            stayBytes = 0;
        }

        isWhole = false;
        Continue(layers, active);
    }

    private protected override void Continue(IReadOnlyList<CompactLayer> layers, Span<long> active)
    {
        var next = layers.Select(Next).ToArray();
        ForEach((share, _) => share.Run(next, MostInputs));
    }

    private protected override int[] End(Span<long> active)
    {
        var depth = active.Length;
        var (survivors, counts) = (new int[shares.Length][], shares.Select(_ => new long[depth]).ToArray());
        ForEach((share, index) => survivors[index] = share.End(counts[index]));
        Array.ForEach(threads, thread => thread.Finish());
        isWhole = true;
        for (var layer = 0; layer < active.Length; layer++)
        {
            active[layer] = counts.Sum(ofShare => ofShare[layer]);
        }

        return [.. survivors.SelectMany(ofShare => ofShare)];
    }

    private NextLayer Next(CompactLayer layer)
    {
        if (stay.Contains(layer))
        {
            return new NextLayer(layer, Slices: null, Stays: true);
        }

        var slices = SlicedLayer.Of(layer, shape);
        var stays = mayStay && stayBytes + slices.Bytes <= mostBytes;
        if (stays)
        {
            stay.Add(layer);
            stayBytes += slices.Bytes;
        }

        return new NextLayer(layer, slices, stays);
    }

    private void ForEach(Action<DeviceShare, int> action)
    {
        for (var index = 0; index < shares.Length; index++)
        {
            var (share, place) = (shares[index], index);
            threads[index].Post(() => action(share, place));
        }
    }
}
