using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// Somebody else's part of an input gradient, added to the rows that it belongs to:  dX[rows[r],·] += part[first + r,·]
//
//   part  (first + rows.Length) × batchSize        dX  neurons × batchSize
//
// and, when all parts are there:  dX ← dX⊙slopes
public abstract partial class Backend
{
    /// <summary>Adds sums from elsewhere to those that <see cref="SparseBackward"/> has left without slopes.</summary>
    /// <param name="part">[first + rows.Length, batchSize].</param>
    /// <param name="first">The part's first row that is read.</param>
    /// <param name="rows">The row of dX that row first + r of the part belongs to; different ones.</param>
    /// <param name="dX">[more than each of rows, batchSize], changed in these rows.</param>
    /// <exception cref="ArgumentException">A buffer is too short, or dX is one of the inputs.</exception>
    public unsafe void FoldRows(
        DeviceBuffer<float> part, int first, ReadOnlySpan<int> rows, DeviceBuffer<float> dX, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        RequireLength(part.Length, (long)first + rows.Length, batchSize, nameof(part));
        RequireDistinct(dX, part, nameof(dX), nameof(part));
        foreach (var row in rows)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row, nameof(rows));
            RequireLength(dX.Length, row + 1L, batchSize, nameof(dX));
        }

        FoldRowsCore(part, first, rows, dX, batchSize);
        KeepAlive(null, part, dX);
    }

    /// <summary>Ends a gradient whose parts are all there: dX ← dX⊙slopes.</summary>
    /// <param name="dX">[neurons, batchSize], changed.</param>
    /// <exception cref="ArgumentException">A buffer is too short, or both are the same.</exception>
    public unsafe void MultiplyBySlopes(DeviceBuffer<float> dX, DeviceBuffer<float> slopes, int neurons, int batchSize)
    {
        RequireLength(dX.Length, neurons, batchSize, nameof(dX));
        RequireLength(slopes.Length, neurons, batchSize, nameof(slopes));
        RequireDistinct(dX, slopes, nameof(dX), nameof(slopes));
        var count = (long)neurons * batchSize;
        var work = new MultiplyWork(dX.Pointer, slopes.Pointer, count);
        RunBlocks(ref work, work.Blocks);
        KeepAlive(null, dX, slopes);
    }

    protected abstract void FoldRowsCore(
        DeviceBuffer<float> part, int first, ReadOnlySpan<int> rows, DeviceBuffer<float> dX, int batchSize);
}

public sealed unsafe partial class ReferenceBackend
{
    protected override void FoldRowsCore(
        DeviceBuffer<float> part, int first, ReadOnlySpan<int> rows, DeviceBuffer<float> dX, int batchSize)
    {
        for (var r = 0; r < rows.Length; r++)
        {
            for (var sample = 0; sample < batchSize; sample++)
            {
                var index = ((long)rows[r] * batchSize) + sample;
                dX.Pointer[index] += part.Pointer[(((long)first + r) * batchSize) + sample];
            }
        }
    }
}

public sealed unsafe partial class SimdBackend
{
    protected override void FoldRowsCore(
        DeviceBuffer<float> part, int first, ReadOnlySpan<int> rows, DeviceBuffer<float> dX, int batchSize)
    {
        fixed (int* places = rows)
        {
            var call = new FoldRowsCall
            {
                Backend = this,
                Part = part.Pointer + ((long)first * batchSize),
                Rows = places,
                Count = rows.Length,
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
        public float* DX;
        public int BatchSize;

        public readonly void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            var work = new FoldRowsOf<TLanes>(Part, Rows, Count, DX, BatchSize);
            Backend.team.Run(ref work, work.Blocks);
        }
    }

    private readonly struct FoldRowsOf<TLanes>(float* part, int* rows, int count, float* dX, int batchSize) : IBlockWork
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
            T.Store(T.Load(part + from) + T.Load(dX + at), dX + at);
    }
}

internal readonly unsafe struct MultiplyWork(float* target, float* factors, long count) : IBlockWork
{
    private const int BlockLength = 1 << 14;

    public int Blocks => (int)((count + BlockLength - 1) / BlockLength);

    public void Execute(int block)
    {
        var first = (long)block * BlockLength;
        var length = (int)Math.Min(BlockLength, count - first);
        var part = new Span<float>(target + first, length);
        System.Numerics.Tensors.TensorPrimitives.Multiply(part, new ReadOnlySpan<float>(factors + first, length), part);
    }
}
