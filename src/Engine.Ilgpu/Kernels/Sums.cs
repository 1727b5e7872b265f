namespace SparseService.Engine.Ilgpu.Kernels;

// Gradients are sums over the samples of a minibatch. The threads of one row of a group share a sum: each adds up every so-manieth
// sample, then they meet in shared memory as a tree. The order depends on the sizes alone, and no number is written by two threads.
//
//   squares   the sum of the squared gradients of each run of connections, or each bias

/// <summary>dW on the stored connections, and what becomes of it. [run of connections] × lanes threads.</summary>
internal readonly struct WeightSums<TUse>(
    int rows, int batch, ArrayView<long> offsets, ArrayView<int> columns, ArrayView<float> x, ArrayView<float> dy, float scale,
    TUse use, ArrayView<double> squares) : IKernel
    where TUse : struct, IGradientUse
{
    /// <summary>Connections of a run: finding the first one's row is paid once for all of them.</summary>
    public const int Run = 8;

    public void Execute()
    {
        var shared = SharedMemory.Allocate<float>(GroupShape.Most);
        var (first, count) = (Place.Row * Run, offsets[rows]);
        var row = first < count ? RowOf(first) : 0;
        double own = 0;
        for (var k = first; k < first + Run; k++)
        {
            while (k < count && offsets[row + 1] <= k)
            {
                row++;
            }

            var gradient = Sum.OfRow(k < count ? Product(row, columns[k]) : 0, shared) * scale;
            if (k < count && Group.IdxX == 0)
            {
                use.Take(k, gradient);
                own += (double)gradient * gradient;
            }
        }

        if (first < count && Group.IdxX == 0)
        {
            squares[Place.Row] = own;
        }
    }

    private float Product(int row, int column)
    {
        float sum = 0;
        for (var sample = Group.IdxX; sample < batch; sample += Group.DimX)
        {
            sum = Fused.MultiplyAdd(x[((long)column * batch) + sample], dy[((long)row * batch) + sample], sum);
        }

        return sum;
    }

    private int RowOf(long k)
    {
        var (low, high) = (0, rows);
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = offsets[middle] <= k ? (middle, high) : (low, middle);
        }

        return low;
    }
}

/// <summary>The gradient of biases, the sums of dY's rows, and what becomes of it. [row] × lanes threads.</summary>
internal readonly struct BiasSums<TUse>(
    int rows, int batch, ArrayView<float> dy, float scale, TUse use, ArrayView<double> squares) : IKernel
    where TUse : struct, IGradientUse
{
    public void Execute()
    {
        var shared = SharedMemory.Allocate<float>(GroupShape.Most);
        var row = Place.Row;
        float sum = 0;
        for (var sample = Group.IdxX; row < rows && sample < batch; sample += Group.DimX)
        {
            sum += dy[(row * batch) + sample];
        }

        var gradient = Sum.OfRow(sum, shared) * scale;
        if (row < rows && Group.IdxX == 0)
        {
            use.Take(row, gradient);
            squares[row] = (double)gradient * gradient;
        }
    }
}

/// <summary>Sets the last bit of every weight that is not 0, see TieFreeWeights.cs. [weight] threads.</summary>
internal readonly struct MakeTieFree(ArrayView<uint> weights) : IKernel
{
    public void Execute()
    {
        if (Place.Row < weights.Length)
        {
            var bits = weights[Place.Row];
            weights[Place.Row] = bits | (bits << 1 == 0 ? 0u : 1u);
        }
    }
}

/// <summary>totals[slot] += the sum of values. One group of one column.</summary>
internal readonly struct AddSum(ArrayView<double> values, ArrayView<double> totals, int slot) : IKernel
{
    public void Execute()
    {
        var shared = SharedMemory.Allocate<double>(GroupShape.Most);
        double own = 0;
        for (long at = Group.IdxY; at < values.Length; at += Group.DimY)
        {
            own += values[at];
        }

        shared[Group.IdxY] = own;
        Group.Barrier();
        if (Group.IdxY == 0)
        {
            for (var item = 1; item < Group.DimY; item++)
            {
                own += shared[item];
            }

            totals[slot] += own;
        }
    }
}

internal static class Sum
{
    /// <summary>The sum of what the threads of one row of a group have, the same for all of them.</summary>
    /// <param name="shared">An element for each thread of the group.</param>
    public static float OfRow(float own, ArrayView<float> shared)
    {
        if (Group.DimX == 1)
        {
            return own;
        }

        var (lane, first) = (Group.IdxX, Group.IdxY * Group.DimX);
        shared[first + lane] = own;
        Group.Barrier();
        for (var half = Group.DimX / 2; half > 0; half /= 2)
        {
            if (lane < half)
            {
                shared[first + lane] += shared[first + lane + half];
            }

            Group.Barrier();
        }

        var sum = shared[first];
        Group.Barrier();
        return sum;
    }
}
