using System.Numerics;

namespace SparseService.Engine.Kernels;

// A term that lies exactly between two multiples of a grid is rounded to the even sum, and which one that is depends on the terms before it. A weight whose
// last bit is set has no such product within the grid's range: of the 48 bits of weight·value the lowest that is set is at most the 24th.
public abstract partial class Backend
{
    /// <summary>Sets the last bit of every weight that is not 0, if sums are on a <see cref="Grid"/>; else does nothing.</summary>
    internal void MakeTieFree(DeviceBuffer<float> weights)
    {
        if (Grid.Forward != 0)
        {
            MakeTieFreeCore(weights);
        }

        GC.KeepAlive(weights);
    }

    private protected virtual unsafe void MakeTieFreeCore(DeviceBuffer<float> weights)
    {
        var work = new TieFreeWork((uint*)weights.Pointer, weights.Length);
        RunBlocks(ref work, work.Blocks);
    }
}

internal readonly unsafe struct TieFreeWork(uint* bits, long count) : IBlockWork
{
    private const int BlockLength = 1 << 14;

    public int Blocks => (int)((count + BlockLength - 1) / BlockLength);

    public void Execute(int block)
    {
        var (k, end) = ((long)block * BlockLength, Math.Min(count, (block + 1L) * BlockLength));
        for (; k <= end - Vector<uint>.Count; k += Vector<uint>.Count)
        {
            var weights = Vector.Load(bits + k);
            var isZero = Vector.Equals(weights + weights, Vector<uint>.Zero); // of either sign
            Vector.Store(weights | Vector.AndNot(Vector<uint>.One, isZero), bits + k);
        }

        for (; k < end; k++)
        {
            bits[k] |= bits[k] << 1 == 0 ? 0u : 1u;
        }
    }
}
