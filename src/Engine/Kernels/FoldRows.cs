using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// Somebody else's part of an input gradient, added to the rows that it belongs to:  dX[rows[r],·] += part[first + r,·]⊙slopes[rows[r],·]
//
//   part  (first + rows.Length) × batchSize        dX, slopes  neurons × batchSize
public abstract partial class Backend
{
    /// <summary>Adds sums from elsewhere, times the slopes that <see cref="SparseBackward"/> has multiplied the others by.</summary>
    /// <param name="part">[first + rows.Length, batchSize].</param>
    /// <param name="first">The part's first row that is read.</param>
    /// <param name="rows">The row of dX that row first + r of the part belongs to; different ones.</param>
    /// <param name="slopes">As long as dX.</param>
    /// <param name="dX">[more than each of rows, batchSize], changed in these rows.</param>
    /// <exception cref="ArgumentException">A buffer is too short, or dX is one of the inputs.</exception>
    public unsafe void FoldRows(
        DeviceBuffer<float> part, int first, ReadOnlySpan<int> rows, DeviceBuffer<float> slopes, DeviceBuffer<float> dX, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        RequireLength(part.Length, (long)first + rows.Length, batchSize, nameof(part));
        RequireDistinct(dX, part, nameof(dX), nameof(part));
        RequireDistinct(dX, slopes, nameof(dX), nameof(slopes));
        foreach (var row in rows)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row, nameof(rows));
            RequireLength(dX.Length, row + 1L, batchSize, nameof(dX));
            RequireLength(slopes.Length, row + 1L, batchSize, nameof(slopes));
        }

        FoldRowsCore(part, first, rows, slopes, dX, batchSize);
        KeepAlive(null, part, slopes, dX);
    }

    protected abstract void FoldRowsCore(
        DeviceBuffer<float> part, int first, ReadOnlySpan<int> rows, DeviceBuffer<float> slopes, DeviceBuffer<float> dX, int batchSize);
}

public sealed unsafe partial class ReferenceBackend
{
    protected override void FoldRowsCore(
        DeviceBuffer<float> part, int first, ReadOnlySpan<int> rows, DeviceBuffer<float> slopes, DeviceBuffer<float> dX, int batchSize)
    {
        for (var r = 0; r < rows.Length; r++)
        {
            for (var sample = 0; sample < batchSize; sample++)
            {
                var index = ((long)rows[r] * batchSize) + sample;
                dX.Pointer[index] = (float)(dX.Pointer[index] + ((double)part.Pointer[(((long)first + r) * batchSize) + sample] * slopes.Pointer[index]));
            }
        }
    }
}

public sealed unsafe partial class SimdBackend
{
    protected override void FoldRowsCore(
        DeviceBuffer<float> part, int first, ReadOnlySpan<int> rows, DeviceBuffer<float> slopes, DeviceBuffer<float> dX, int batchSize)
    {
        fixed (int* places = rows)
        {
            var call = new FoldRowsCall
            {
                Backend = this,
                Part = part.Pointer + ((long)first * batchSize),
                Rows = places,
                Count = rows.Length,
                Slopes = slopes.Pointer,
                DX = dX.Pointer,
                BatchSize = batchSize,
            };
            Dispatch(batchSize, ref call);
        }
    }

    private struct FoldRowsCall : ILanesUser
    {
        public SimdBackend Backend;
        public float* Part;
        public int* Rows;
        public int Count;
        public float* Slopes;
        public float* DX;
        public int BatchSize;

        public readonly void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            var work = new FoldRowsOf<TLanes>(Part, Rows, Count, Slopes, DX, BatchSize);
            Backend.team.Run(ref work, work.Blocks);
        }
    }

    private readonly struct FoldRowsOf<TLanes>(float* part, int* rows, int count, float* slopes, float* dX, int batchSize) : IBlockWork
        where TLanes : unmanaged, ILanes<TLanes>
    {
        private const int BlockRows = 256;

        public int Blocks => (count + BlockRows - 1) / BlockRows;

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute(int block)
        {
            var end = Math.Min(count, (block + 1) * BlockRows);
            for (var r = block * BlockRows; r < end; r++)
            {
                var (from, at) = ((long)r * batchSize, (long)rows[r] * batchSize);
                var sample = 0;
                for (; sample <= batchSize - TLanes.Count; sample += TLanes.Count)
                {
                    Add<TLanes>(from + sample, at + sample);
                }

                for (; sample < batchSize; sample++)
                {
                    Add<Lanes1>(from + sample, at + sample);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Add<T>(long from, long at)
            where T : unmanaged, ILanes<T> =>
            T.Store(T.MultiplyAdd(T.Load(part + from), T.Load(slopes + at), T.Load(dX + at)), dX + at);
    }
}
