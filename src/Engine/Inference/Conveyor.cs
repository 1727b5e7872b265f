using System.Numerics;
using System.Runtime.Intrinsics;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Inference;

/// <summary>
/// One thread's way through the first layers, depth first: a strip of inputs runs through layers, in the second-level cache, until about half of its
/// inputs have died; the others wait at the next station until a whole strip has gathered there. So registers are full though most inputs die.
/// </summary>
internal sealed unsafe class Conveyor : IDisposable
{
    // A station ends when so few are left: two strips of them fill the next one.
    private const double EndShare = 0.5;

    private readonly IReadOnlyList<CompactLayer> layers;
    private readonly int neurons;
    private readonly int lanes;
    private readonly DeviceBuffer<ulong> bits;
    private readonly List<Station> stations = [];
    private readonly ActivationStrip here;
    private readonly ActivationStrip there;

    public Conveyor(IReadOnlyList<CompactLayer> layers, int neurons, int lanes)
    {
        (this.layers, this.neurons, this.lanes) = (layers, neurons, lanes);
        bits = new DeviceBuffer<ulong>(layers[0].Inputs);
        (here, there) = (NewStrip(), NewStrip());
        Active = new long[layers.Count];
        stations.Add(new Station(0));
    }

    /// <summary>Inputs that entered each layer.</summary>
    public long[] Active { get; }

    /// <summary>Strips that have passed all layers; whoever takes them frees them.</summary>
    public List<ActivationStrip> Done { get; } = [];

    /// <summary>Sends inputs on their way; those that are left of them may wait at stations.</summary>
    /// <param name="count">1 to lanes.</param>
    public void Send(BitRows inputs, int first, int count)
    {
        BitLayer.Transpose(inputs, first, count, bits.Span);
        here.Count = count;
        for (var slot = 0; slot < count; slot++)
        {
            here.Inputs[slot] = first + slot;
        }

        Active[0] += count;
        ulong alive;
        if (StripLayer.Has512Bits)
        {
            alive = BitLayer.Apply(layers[0], bits.Pointer, here.Data, lanes, here.Slots);
        }
        else
        {
            BitLayer.Expand(bits.Span, there.Data, lanes, here.Slots);
            alive = StripLayer.Apply(layers[0], there.Data, here.Data, lanes, here.Slots);
        }

        Pass(stations[0], 1, alive);
    }

    /// <summary>Sends on whatever waits.</summary>
    public void Finish()
    {
        for (var index = 1; index < stations.Count; index++)
        {
            if (stations[index].Waiting is { Count: > 0 } strip)
            {
                RunFrom(stations[index], strip);
            }
        }
    }

    public void Dispose()
    {
        bits.Dispose();
        here.Dispose();
        there.Dispose();
        foreach (var station in stations)
        {
            station.Waiting?.Dispose();
            station.Spare?.Dispose();
        }
    }

    private ActivationStrip NewStrip() => new(neurons, lanes);

    private void RunFrom(Station station, ActivationStrip strip)
    {
        if (station.Start == layers.Count)
        {
            Done.Add(strip);
            station.Waiting = null;
            return;
        }

        Active[station.Start] += strip.Count;
        var alive = StripLayer.Apply(layers[station.Start], strip.Data, here.Data, lanes, strip.Slots);
        strip.Inputs.AsSpan(0, strip.Count).CopyTo(here.Inputs);
        here.Count = strip.Count;
        strip.Count = 0;
        Pass(station, station.Start + 1, alive);
    }

    /// <summary>Runs the strip <see cref="here"/> to the station's end and hands what is left to the next one.</summary>
    private void Pass(Station station, int layer, ulong alive)
    {
        while (true)
        {
            alive &= here.Count == 64 ? ulong.MaxValue : (1UL << here.Count) - 1;
            var left = BitOperations.PopCount(alive);
            if (left == 0)
            {
                return;
            }

            if (station.End == 0 && (left <= EndShare * lanes || layer == layers.Count))
            {
                station.End = layer;
                stations.Add(new Station(layer));
            }

            here.Keep(alive);
            if (layer == station.End)
            {
                Deliver(stations[stations.IndexOf(station) + 1]);
                return;
            }

            Active[layer] += here.Count;
            alive = StripLayer.Apply(layers[layer], here.Data, there.Data, lanes, here.Slots);
            here.Exchange(there);
            layer++;
        }
    }

    private void Deliver(Station station)
    {
        var waiting = station.Waiting ??= NewStrip();
        here.MoveTo(waiting);
        if (waiting.Count < lanes)
        {
            return;
        }

        // The rest goes first: running the full strip needs the memory where it lies.
        station.Waiting = station.Spare ?? NewStrip();
        station.Spare = null;
        here.MoveTo(station.Waiting);
        var rest = station.Waiting;
        RunFrom(station, waiting);
        station.Waiting = rest;
        station.Spare = station.Start == layers.Count ? null : waiting;
    }

    /// <param name="start">Layer that inputs wait for here.</param>
    private sealed class Station(int start)
    {
        public int Start { get; } = start;

        /// <summary>Layer at which its strips go to the next station; 0: not known before the first strip has passed.</summary>
        public int End { get; set; }

        public ActivationStrip? Waiting { get; set; }

        public ActivationStrip? Spare { get; set; }
    }
}
