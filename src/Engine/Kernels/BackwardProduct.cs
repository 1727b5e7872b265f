using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Kernels;

// The loop under the fused backward pass, by the columns j of W:
//
//   dX[j,·] = ( Σ_t w(t)·dY[row(t),·] )⊙slopes[j,·]        g[t] = Σ_b X[j,b]·dY[row(t),b],  t over the connections of column j
//
// Both sums want the same row of dY, and its way from the second-level cache is what either waits for: read once, it serves both (measured,
// 1000-1000 at 4 %, 128 samples: 84 → 122 GFLOP/s). A strip of X[j,·] and one of the first sum stay in registers while the column's
// connections pass, four at a time. Every sum is added up in the order of SparseInputGradient and SparseWeightGradient, to the same bits;
// only where dY holds infinity may a column's fill of weight 0 make NaN of it.

internal unsafe struct BackwardProduct<TLanes>(
    RowBlocks blocks, GroupedConnections w, float* x, float* dY, Slopes slopes, float* dX, float* gradient, int batchSize, float anchor)
    : IBlockWork
    where TLanes : unmanaged, ILanes<TLanes>
{
    private int firstSample;
    private int endSample;

    /// <summary>Does all strips of samples, one after the other unless the second-level cache holds all of dY.</summary>
    /// <param name="rowCount">Rows of dY.</param>
    public void Run(ThreadTeam team, TilePlan plan, int rowCount)
    {
        var together = plan.Holds(rowCount, batchSize, sizeof(float));
        for (firstSample = 0; firstSample < batchSize; firstSample = endSample)
        {
            endSample = together ? batchSize : Strip.After(firstSample, batchSize, TLanes.Count).End;
            team.Run(ref this, blocks.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Execute(int block)
    {
        var (first, end) = (blocks.FirstRow(block), blocks.EndRow(block));
        for (var covered = firstSample; covered < endSample;)
        {
            var strip = Strip.After(covered, batchSize, TLanes.Count);
            switch (strip.Registers)
            {
                case 8:
                    Sums<Registers8>(first, end, strip);
                    break;
                case 7:
                    Sums<Registers7>(first, end, strip);
                    break;
                case 6:
                    Sums<Registers6>(first, end, strip);
                    break;
                case 5:
                    Sums<Registers5>(first, end, strip);
                    break;
                case 4:
                    Sums<Registers4>(first, end, strip);
                    break;
                case 3:
                    Sums<Registers3>(first, end, strip);
                    break;
                case 2:
                    Sums<Registers2>(first, end, strip);
                    break;
                default:
                    Sums<Registers1>(first, end, strip);
                    break;
            }

            covered = strip.End;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Sums<TRegisters>(int column, int endColumn, Strip strip)
        where TRegisters : IRegisters
    {
        var offsets = w.Offsets;
        var row = w.Rows;
        var position = w.Positions;
        var weight = w.Weights;
        var strideBytes = (long)batchSize * sizeof(float);
        var start = (byte*)(dY + strip.Start);
        var last = (long)strip.Last;
        var isFirst = strip.Start == 0;
        var begin = TLanes.Broadcast(anchor);
        for (; column < endColumn; column++)
        {
            var place = ((long)column * batchSize) + strip.Start;
            var sample = x + place;
            var lastPart = Last(sample, strip);
            var x0 = Part<TRegisters>(0, sample, lastPart);
            var x1 = Part<TRegisters>(1, sample, lastPart);
            var x2 = Part<TRegisters>(2, sample, lastPart);
            var x3 = Part<TRegisters>(3, sample, lastPart);
            var x4 = Part<TRegisters>(4, sample, lastPart);
            var x5 = Part<TRegisters>(5, sample, lastPart);
            var x6 = Part<TRegisters>(6, sample, lastPart);
            var x7 = Part<TRegisters>(7, sample, lastPart);
            var a0 = begin;
            var a1 = begin;
            var a2 = begin;
            var a3 = begin;
            var a4 = begin;
            var a5 = begin;
            var a6 = begin;
            var a7 = begin;
            var (t, end) = (offsets[column], offsets[column + 1]);
            for (; t < end; t += ColumnGroups.Size)
            {
                var group = new Group(start, strideBytes, row + t, weight, position + t);
                TLanes a = default;
                TLanes b = default;
                TLanes c = default;
                TLanes d = default;
                Add<TRegisters>(0, last, group, x0, ref a0, ref a, ref b, ref c, ref d);
                Add<TRegisters>(1, last, group, x1, ref a1, ref a, ref b, ref c, ref d);
                Add<TRegisters>(2, last, group, x2, ref a2, ref a, ref b, ref c, ref d);
                Add<TRegisters>(3, last, group, x3, ref a3, ref a, ref b, ref c, ref d);
                Add<TRegisters>(4, last, group, x4, ref a4, ref a, ref b, ref c, ref d);
                Add<TRegisters>(5, last, group, x5, ref a5, ref a, ref b, ref c, ref d);
                Add<TRegisters>(6, last, group, x6, ref a6, ref a, ref b, ref c, ref d);
                Add<TRegisters>(7, last, group, x7, ref a7, ref a, ref b, ref c, ref d);
                var sums = TLanes.SumFour(a, b, c, d);
                (isFirst ? sums : Vector128.Load(gradient + t) + sums).Store(gradient + t);
            }

            var slope = slopes.First + ((long)column * slopes.Stride) + strip.Start;
            var target = dX + place;
            Store<TRegisters>(0, last, a0 - begin, slope, target);
            Store<TRegisters>(1, last, a1 - begin, slope, target);
            Store<TRegisters>(2, last, a2 - begin, slope, target);
            Store<TRegisters>(3, last, a3 - begin, slope, target);
            Store<TRegisters>(4, last, a4 - begin, slope, target);
            Store<TRegisters>(5, last, a5 - begin, slope, target);
            Store<TRegisters>(6, last, a6 - begin, slope, target);
            Store<TRegisters>(7, last, a7 - begin, slope, target);
        }
    }

    /// <summary>One register of samples: four connections' rows of dY go into the sum and into the products with X.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRegisters>(
        int register, long last, in Group group, TLanes part, ref TLanes sum, ref TLanes a, ref TLanes b, ref TLanes c, ref TLanes d)
        where TRegisters : IRegisters
    {
        if (register < TRegisters.Count)
        {
            var place = register < TRegisters.Count - 1 ? register * TLanes.Count : last;
            var dA = TLanes.Load(group.A + place);
            sum = TLanes.MultiplyAdd(group.WeightA, dA, sum);
            a = TLanes.MultiplyAdd(part, dA, a);
            var dB = TLanes.Load(group.B + place);
            sum = TLanes.MultiplyAdd(group.WeightB, dB, sum);
            b = TLanes.MultiplyAdd(part, dB, b);
            var dC = TLanes.Load(group.C + place);
            sum = TLanes.MultiplyAdd(group.WeightC, dC, sum);
            c = TLanes.MultiplyAdd(part, dC, c);
            var dD = TLanes.Load(group.D + place);
            sum = TLanes.MultiplyAdd(group.WeightD, dD, sum);
            d = TLanes.MultiplyAdd(part, dD, d);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TRegisters>(int register, long last, TLanes sum, float* slope, float* target)
        where TRegisters : IRegisters
    {
        if (register < TRegisters.Count)
        {
            var place = register < TRegisters.Count - 1 ? register * TLanes.Count : last;
            TLanes.Store(sum * TLanes.Load(slope + place), target + place);
        }
    }

    /// <summary>One register of X[j,·]; in the last one 0 for the samples that another register holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Part<TRegisters>(int register, float* sample, TLanes lastPart)
        where TRegisters : IRegisters =>
        register < TRegisters.Count - 1 ? TLanes.Load(sample + (register * TLanes.Count)) : register < TRegisters.Count ? lastPart : default;

    /// <summary>The last register of a strip, with 0 for the samples that another holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static TLanes Last(float* source, Strip strip) => TLanes.IfLessBits(
        TLanes.RampBits, TLanes.BroadcastBits((uint)strip.Overlap(TLanes.Count)), TLanes.Broadcast(0), TLanes.Load(source + strip.Last));

    /// <summary>Four connections: where their rows of dY begin, and their weights.</summary>
    private readonly struct Group
    {
        public readonly float* A;
        public readonly float* B;
        public readonly float* C;
        public readonly float* D;
        public readonly TLanes WeightA;
        public readonly TLanes WeightB;
        public readonly TLanes WeightC;
        public readonly TLanes WeightD;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Group(byte* start, long strideBytes, int* row, float* weight, int* position)
        {
            A = (float*)(start + (row[0] * strideBytes));
            B = (float*)(start + (row[1] * strideBytes));
            C = (float*)(start + (row[2] * strideBytes));
            D = (float*)(start + (row[3] * strideBytes));
            WeightA = TLanes.Broadcast(weight[position[0]]);
            WeightB = TLanes.Broadcast(weight[position[1]]);
            WeightC = TLanes.Broadcast(weight[position[2]]);
            WeightD = TLanes.Broadcast(weight[position[3]]);
        }
    }
}

/// <summary>What the input gradient is multiplied by.</summary>
/// <param name="first">Of column 0.</param>
/// <param name="stride">From a column to the next: the minibatch, or 0 where all columns share a row.</param>
internal readonly unsafe struct Slopes(float* first, int stride)
{
    public float* First => first;

    public int Stride => stride;
}

/// <summary>A matrix by its columns, see <see cref="ColumnGroups"/>.</summary>
internal readonly unsafe struct GroupedConnections(long* offsets, int* rows, int* positions, float* values)
{
    public long* Offsets => offsets;

    public int* Rows => rows;

    public int* Positions => positions;

    public float* Weights => values;
}
