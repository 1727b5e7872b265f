using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Inference;

/// <summary>Inputs that go through a network together: their activations, [neuron, slot], and which input is in which slot.</summary>
internal sealed unsafe class ActivationStrip(int neurons, int lanes) : IDisposable
{
    private const int RegisterLanes = 16;

    private DeviceBuffer<float> activations = new((long)neurons * lanes);

    /// <summary>Slots, a multiple of 16, at most 64.</summary>
    public int Lanes => lanes;

    /// <summary>Inputs in the slots, the first <see cref="Count"/> of which are in use.</summary>
    public int[] Inputs { get; } = new int[lanes];

    public int Count { get; set; }

    public float* Data => activations.Pointer;

    /// <summary>Slots to be computed: whole registers.</summary>
    public int Slots => (Count + RegisterLanes - 1) / RegisterLanes * RegisterLanes;

    /// <summary>Exchanges the memory of two strips, not their lists of inputs.</summary>
    public void Exchange(ActivationStrip other) => (activations, other.activations) = (other.activations, activations);

    /// <summary>Keeps the inputs of the slots that are in <paramref name="alive"/>, side by side in their old order.</summary>
    public void Keep(ulong alive)
    {
        alive &= Used(Count);
        if (alive == Used(Count))
        {
            return;
        }

        Copy(Data, alive, Data, 0, neurons, lanes);
        var kept = 0;
        for (var rest = alive; rest != 0; rest &= rest - 1)
        {
            Inputs[kept++] = Inputs[BitOperations.TrailingZeroCount(rest)];
        }

        Count = kept;
    }

    /// <summary>Moves the last inputs to the end of another strip, as many as it has room for, or all.</summary>
    public void MoveTo(ActivationStrip other)
    {
        var moved = Math.Min(Count, other.Lanes - other.Count);
        if (moved == 0)
        {
            return;
        }

        Copy(Data, Used(Count) & ~Used(Count - moved), other.Data, other.Count, neurons, lanes);
        Array.Copy(Inputs, Count - moved, other.Inputs, other.Count, moved);
        Count -= moved;
        other.Count += moved;
    }

    public void Dispose() => activations.Dispose();

    private static ulong Used(int count) => count == 64 ? ulong.MaxValue : (1UL << count) - 1;

    // Into the same memory only towards lower slots: each row is read before what it overwrites.
    private static void Copy(float* from, ulong slots, float* to, int first, int neurons, int lanes)
    {
        if (Avx512F.IsSupported)
        {
            CopyRegisters(from, slots, to, first, neurons, lanes);
            return;
        }

        var list = stackalloc int[64];
        var count = 0;
        for (var rest = slots; rest != 0; rest &= rest - 1)
        {
            list[count++] = BitOperations.TrailingZeroCount(rest);
        }

        for (var neuron = 0; neuron < neurons; neuron++, from += lanes, to += lanes)
        {
            for (var index = 0; index < count; index++)
            {
                to[first + index] = from[list[index]];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyRegisters(float* from, ulong slots, float* to, int first, int neurons, int lanes)
    {
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
