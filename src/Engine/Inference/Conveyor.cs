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
    private readonly StripArena arena;
    private readonly int lanes;
    private readonly DeviceBuffer<ulong> bits;
    private readonly List<Station> stations = [];
    private readonly ActivationStrip here;
    private readonly ActivationStrip there;

    public Conveyor(IReadOnlyList<CompactLayer> layers, StripArena arena)
    {
        (this.layers, this.arena, lanes) = (layers, arena, arena.Lanes);
        bits = new DeviceBuffer<ulong>(layers[0].Inputs);
        (here, there) = (new ActivationStrip(arena), new ActivationStrip(arena));
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
        here.Hold(first, count);
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
        here.TakeInputs(strip);
        Pass(station, station.Start + 1, alive);
    }

    /// <summary>Runs the strip <see cref="here"/> to the station's end and hands what is left to the next one.</summary>
    private void Pass(Station station, int layer, ulong alive)
    {
        while (true)
        {
            var left = BitOperations.PopCount(alive & here.Alive);
            if (left == 0)
            {
                return;
            }

            if (station.End == 0 && (left <= EndShare * lanes || layer == layers.Count))
            {
                station.End = layer;
                stations.Add(new Station(layer));
            }

            if (layer == station.End)
            {
                here.Forget(alive);
                Deliver(stations[stations.IndexOf(station) + 1]);
                return;
            }

            here.Keep(alive);
            Active[layer] += here.Count;
            alive = StripLayer.Apply(layers[layer], here.Data, there.Data, lanes, here.Slots);
            here.Exchange(there);
            layer++;
        }
    }

    private void Deliver(Station station)
    {
        var waiting = station.Waiting ??= new ActivationStrip(arena);
        here.MoveTo(waiting);
        if (!waiting.IsFull)
        {
            return;
        }

        // The rest goes first: running the full strip needs the memory where it lies.
        station.Waiting = station.Spare ?? new ActivationStrip(arena);
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
