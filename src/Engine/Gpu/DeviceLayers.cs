using SparseService.Engine.Inference;

namespace SparseService.Engine.Gpu;

/// <summary>A layer that comes next.</summary>
/// <param name="Of">Which one it is.</param>
/// <param name="Slices">As the device reads it; null: the device has it already.</param>
/// <param name="Stays">Whether the device keeps it for the next run.</param>
internal sealed record NextLayer(CompactLayer Of, SlicedLayer? Slices, bool Stays)
{
    public int Inputs { get; } = Of.Inputs;

    public int Outputs { get; } = Of.Outputs;
}

/// <summary>Where a device has its layers: some stay, the others alternate between two places, so that one is filled while the other is computed with.</summary>
internal sealed class DeviceLayers : IDisposable
{
    private readonly DeviceQueue computing;
    private readonly DeviceQueue sending;
    private readonly Dictionary<CompactLayer, DeviceLayer> kept = new(ReferenceEqualityComparer.Instance);
    private readonly DeviceLayer[] places = [new DeviceLayer(), new DeviceLayer()];

    // When the computation with each place has ended.
    private readonly nint[] used = new nint[2];
    private int turn;

    /// <param name="computing">The queue that computes with the layers; stays the caller's.</param>
    public DeviceLayers(DeviceQueue computing)
    {
        computing.Keep();
        this.computing = computing;
        sending = new DeviceQueue(computing.Device);
    }

    /// <summary>Takes those that stay.</summary>
    public void Keep(IReadOnlyList<NextLayer> layers)
    {
        foreach (var next in layers.Where(next => next is { Stays: true, Slices: not null }))
        {
            var place = new DeviceLayer();
            kept[next.Of] = place;
            Fill(place, next);
        }
    }

    /// <summary>A layer's place, until the next but one is asked for.</summary>
    public DeviceLayer Of(NextLayer next)
    {
        if (kept.TryGetValue(next.Of, out var place))
        {
            return place;
        }

        turn = 1 - turn;
        sending.After(used[turn]);
        used[turn] = 0;
        Fill(places[turn], next);
        return places[turn];
    }

    /// <summary>Places of several layers at once, until <see cref="Part"/>.</summary>
    public IReadOnlyList<DeviceLayer> Together(IReadOnlyList<NextLayer> layers)
    {
        var together = new List<DeviceLayer>();
        foreach (var next in layers)
        {
            if (!kept.TryGetValue(next.Of, out var place))
            {
                place = new DeviceLayer();
                Fill(place, next);
            }

            together.Add(place);
        }

        return together;
    }

    /// <summary>Frees the places of <see cref="Together"/>.</summary>
    public void Part(IReadOnlyList<DeviceLayer> together)
    {
        foreach (var place in together.Where(place => !kept.ContainsValue(place)))
        {
            place.Dispose();
        }
    }

    /// <summary>All that computes with a place is in the queue.</summary>
    public void Used(DeviceLayer place)
    {
        var index = Array.IndexOf(places, place);
        if (index >= 0)
        {
            used[index] = computing.Mark();
        }
    }

    /// <summary>Frees those that stay.</summary>
    public void Forget()
    {
        foreach (var place in kept.Values)
        {
            place.Dispose();
        }

        kept.Clear();
    }

    public void Dispose()
    {
        Forget();
        Array.ForEach(places, place => place.Dispose());
        Array.ForEach(used, computing.Wait);
        sending.Release();
        computing.Release();
    }

    private void Fill(DeviceLayer place, NextLayer next)
    {
        place.Fill(sending, next.Slices!);
        computing.After(sending.Mark());
    }
}
