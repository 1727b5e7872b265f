namespace SparseService.Engine.Gpu;

/// <summary>A stretch of training steps on a device, see Kernels/Steps.cs: what is changed stays there, and so do the norms of
/// updates.</summary>
internal sealed class DeviceSteps<TMemory>(IDeviceLink<TMemory> link, DeviceScratch<TMemory> scratch)
    where TMemory : class, IDisposable
{
    private IReadOnlyDictionary<object, int> slots = new Dictionary<object, int>();
    private TMemory? totals;

    public ArrayCopies<TMemory> Arrays { get; } = new(link);

    public void Begin(IReadOnlyDictionary<object, int> slots, ReadOnlySpan<double> sums)
    {
        this.slots = slots;
        totals = Uploaded("totals", sums);
        Arrays.Begin();
    }

    public void End(Span<double> sums)
    {
        Span<double> added = new double[sums.Length];
        link.DownloadWide(totals!, added);
        foreach (var slot in slots.Values)
        {
            sums[slot] = added[slot];
        }

        slots = new Dictionary<object, int>();
        Arrays.End();
    }

    /// <summary>The squared norm of an update; 0 while steps are under way, in which it is added up on the device.</summary>
    /// <param name="owner">What was updated, which has the slot.</param>
    /// <param name="add">Adds what the update has left to a number of the kernels' type <c>wide</c>: in that memory, at that
    /// place.</param>
    public double Norm(object owner, Action<TMemory, int> add)
    {
        var isDeferred = slots.TryGetValue(owner, out var slot);
        var into = isDeferred ? totals! : Uploaded("norm", [0]);
        add(into, slot);
        Span<double> norm = [0];
        if (!isDeferred)
        {
            link.DownloadWide(into, norm);
        }

        return norm[0];
    }

    private TMemory Uploaded(string purpose, ReadOnlySpan<double> sums) => link.HasDouble
        ? scratch.Uploaded(purpose, sums)
        : scratch.Uploaded<float>(purpose, Array.ConvertAll(sums.ToArray(), sum => (float)sum));
}
