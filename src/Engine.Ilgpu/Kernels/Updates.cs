namespace SparseService.Engine.Ilgpu.Kernels;

// Gradients are sums over the samples of a minibatch. The threads of one row of a group share a sum: each adds up every so-manieth
// sample, then they meet in shared memory as a tree. The order depends on the sizes alone, and no number is written by two threads.

/// <summary>What is updated: weights by dW on the stored connections, or biases by the sums of dY's rows.</summary>
/// <param name="Offsets">Empty for biases, and so are Columns and X.</param>
/// <param name="State1">State0 again for rules without it.</param>
internal readonly record struct UpdateOperands(
    int Rows, int Batch, float Scale, ArrayView<long> Offsets, ArrayView<int> Columns, ArrayView<float> X, ArrayView<float> DY,
    ArrayView<float> Parameters, ArrayView<float> State0, ArrayView<float> State1);

/// <summary>(p, state) ← rule(p, gradient, state). A group for each row, whose connections the rows of the group take in turn.</summary>
/// <param name="squares">The sum of the squared gradients of each row of each group.</param>
internal readonly struct Update<TOptimizer>(UpdateOperands operands, TOptimizer rule, ArrayView<double> squares) : IKernel
    where TOptimizer : unmanaged, IOptimizer
{
    public void Execute(long place, int column)
    {
        var shared = SharedMemory.Allocate<double>(Sum.MostItems);
        var (row, offsets) = (Grid.IdxX, operands.Offsets);
        var (first, end) = offsets.Length > 0 ? (offsets[row], offsets[row + 1]) : (row, row + 1L);
        double own = 0;
        for (; first < end; first += Group.DimY)
        {
            var k = first + Group.IdxY;
            var gradient = (float)Sum.OfRow(k < end ? Share(row, k) : 0, shared) * operands.Scale;
            if (k < end && Group.IdxX == 0)
            {
                Move(k, gradient);
                own += (double)gradient * gradient;
            }
        }

        if (Group.IdxX == 0)
        {
            squares[place] = own;
        }
    }

    /// <summary>What the samples of this thread add to a gradient.</summary>
    private float Share(int row, long k)
    {
        float sum = 0;
        for (var sample = Group.IdxX; sample < operands.Batch; sample += Group.DimX)
        {
            var x = operands.X.Length > 0 ? operands.X[((long)operands.Columns[k] * operands.Batch) + sample] : 1;
            sum = Fused.MultiplyAdd(x, operands.DY[((long)row * operands.Batch) + sample], sum);
        }

        return sum;
    }

    // What a rule does not have may stand in the same place as what it has: that is written last.
    private void Move(long k, float gradient)
    {
        var (first, second) = (new Lane(operands.State0[k]), new Lane(operands.State1[k]));
        var moved = rule.Apply(new Lane(operands.Parameters[k]), new Lane(gradient), ref first, ref second);
        operands.State1[k] = second.Value;
        operands.State0[k] = first.Value;
        operands.Parameters[k] = moved.Value;
    }
}

/// <summary>Nothing moves, and there is no state: the gradient takes the parameter's place.</summary>
internal readonly struct KeepGradient : IOptimizer
{
    public static bool HasSecondState => false;

    public T Apply<T>(T parameter, T gradient, ref T state0, ref T state1)
        where T : unmanaged, ILanes<T> => gradient;
}

/// <summary>Sets the last bit of every weight that is not 0, see TieFreeWeights.cs. [weight] threads.</summary>
internal readonly struct MakeTieFree(ArrayView<uint> weights) : IKernel
{
    public void Execute(long k, int column)
    {
        var bits = weights[k];
        weights[k] = bits | (bits << 1 == 0 ? 0u : 1u);
    }
}

/// <summary>totals[slot] += the sum of values. One group of one row.</summary>
internal readonly struct AddSum(ArrayView<double> values, ArrayView<double> totals, int slot) : IKernel
{
    public void Execute(long row, int column)
    {
        var shared = SharedMemory.Allocate<double>(Sum.MostItems);
        double own = 0;
        for (long at = column; at < values.Length; at += Group.DimX)
        {
            own += values[at];
        }

        var sum = Sum.OfRow(own, shared);
        if (column == 0)
        {
            totals[slot] += sum;
        }
    }
}

internal static class Sum
{
    /// <summary>Threads of a group, at most: what shared memory is laid out for.</summary>
    public const int MostItems = 128;

    /// <summary>The sum of what the threads of one row of a group have, the same for all of them.</summary>
    /// <param name="shared">An element for each thread of the group.</param>
    public static double OfRow(double own, ArrayView<double> shared)
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
