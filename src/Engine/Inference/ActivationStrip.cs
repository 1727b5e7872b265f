using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Inference;

/// <summary>Inputs that go through a network together: their activations, [place of the neuron, slot], and which input is in which slot.</summary>
/// <remarks>Slots of inputs that have died stay in use, all 0, until it pays to close up.</remarks>
internal sealed unsafe class ActivationStrip : IDisposable
{
    private const int RegisterLanes = 16;

    private readonly StripArena arena;
    private DeviceBuffer<float> activations;

    public ActivationStrip(StripArena arena)
    {
        (this.arena, activations) = (arena, arena.Take());
        Inputs = new int[arena.Lanes];
    }

    /// <summary>Which input is in each slot.</summary>
    public int[] Inputs { get; }

    /// <summary>A bit for each slot: whether its input lives.</summary>
    public ulong Alive { get; private set; }

    /// <summary>Inputs that live.</summary>
    public int Count => BitOperations.PopCount(Alive);

    /// <summary>Whether every slot has an input that lives.</summary>
    public bool IsFull => Count == arena.Lanes;

    public float* Data => activations.Pointer;

    /// <summary>Slots to be computed: whole registers up to the last input that lives.</summary>
    public int Slots => (64 - BitOperations.LeadingZeroCount(Alive) + RegisterLanes - 1) / RegisterLanes * RegisterLanes;

    /// <summary>Puts inputs first, first + 1, … into the first slots; their activations are the caller's to write.</summary>
    public void Hold(int first, int count)
    {
        Alive = FirstSlots(count);
        for (var slot = 0; slot < count; slot++)
        {
            Inputs[slot] = first + slot;
        }
    }

    /// <summary>Takes over another strip's inputs, not their activations; it is empty then.</summary>
    public void TakeInputs(ActivationStrip other)
    {
        Array.Copy(other.Inputs, Inputs, Inputs.Length);
        (Alive, other.Alive) = (other.Alive, 0);
    }

    /// <summary>Exchanges the memory of two strips, not their inputs.</summary>
    public void Exchange(ActivationStrip other) => (activations, other.activations) = (other.activations, activations);

    /// <summary>Forgets inputs that have died.</summary>
    /// <param name="alive">A bit for each slot; others than <see cref="Alive"/> do not count.</param>
    public void Forget(ulong alive) => Alive &= alive;

    /// <summary><see cref="Forget"/>, and closes up where that saves a register.</summary>
    public void Keep(ulong alive)
    {
        Forget(alive);
        if (Slots > (Count + RegisterLanes - 1) / RegisterLanes * RegisterLanes)
        {
            CloseUp();
        }
    }

    /// <summary>Moves inputs that live to free slots at the end of another strip, as many as it has room for, or all.</summary>
    /// <param name="other">Its inputs stand in its first slots, without gaps.</param>
    public void MoveTo(ActivationStrip other)
    {
        var (first, moved, rest) = (other.Count, 0UL, Alive);
        for (var room = arena.Lanes - first; room > 0 && rest != 0; room--, rest &= rest - 1)
        {
            moved |= rest & (~rest + 1);
        }

        Copy(Data, moved, other.Data, first, arena);
        other.Alive = FirstSlots(first + BitOperations.PopCount(moved));
        for (var slot = first; moved != 0; slot++, moved &= moved - 1)
        {
            other.Inputs[slot] = Inputs[BitOperations.TrailingZeroCount(moved)];
        }

        Alive = rest;
    }

    /// <summary>Moves all inputs that live to the first slots.</summary>
    public void CloseUp()
    {
        Copy(Data, Alive, Data, 0, arena);
        var kept = 0;
        for (var rest = Alive; rest != 0; rest &= rest - 1)
        {
            Inputs[kept++] = Inputs[BitOperations.TrailingZeroCount(rest)];
        }

        Alive = FirstSlots(kept);
    }

    public void Dispose() => arena.GiveBack(activations);

    private static ulong FirstSlots(int count) => count == 64 ? ulong.MaxValue : (1UL << count) - 1;

    // Into the same memory only towards lower slots: each row is read before what it overwrites.
    private static void Copy(float* from, ulong slots, float* to, int first, StripArena arena)
    {
        if (Avx512F.IsSupported)
        {
            CopyRegisters(from, slots, to, first, arena);
            return;
        }

        var lanes = arena.Lanes;
        var list = stackalloc int[64];
        var count = 0;
        for (var rest = slots; rest != 0; rest &= rest - 1)
        {
            list[count++] = BitOperations.TrailingZeroCount(rest);
        }

        for (var neuron = 0; neuron < arena.Neurons; neuron++, from += lanes, to += lanes)
        {
            for (var index = 0; index < count; index++)
            {
                to[first + index] = from[list[index]];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyRegisters(float* from, ulong slots, float* to, int first, StripArena arena)
    {
        var (neurons, lanes) = (arena.Neurons, arena.Lanes);
        for (var at = 0; at < lanes; at += RegisterLanes)
        {
            var some = (uint)(slots >> at) & 0xFFFF;
            if (some == 0)
            {
                continue;
            }

            var ramp = Vector512<uint>.Indices;
            var take = ~Vector512.Equals(BitLayer.LaneBits & Vector512.Create(some), Vector512<uint>.Zero);
            var count = BitOperations.PopCount(some);
            var put = Vector512.LessThan(ramp, Vector512.Create((uint)count)).AsSingle();
            var source = from + at;
            var target = to + first;
            for (var neuron = 0; neuron < neurons; neuron++, source += lanes, target += lanes)
            {
                Avx512F.MaskStore(target, put, Avx512F.Compress(Vector512<float>.Zero, take.AsSingle(), Vector512.Load(source)));
            }

            first += count;
        }
    }
}
