using System.Runtime.Intrinsics;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Kernels;

// Backward pass of one sparse layer that has another below it, SparseInputGradient and then SparseWeightUpdate:
//
//   dX = (Wᵀ·dY)⊙slopes,   dW = (1/samples)·(dY·Xᵀ on the stored connections),   (W, state) ← rule(W, dW, state)
//
// Cost: 4·Nnz·batchSize flops.
public abstract partial class Backend
{
    /// <summary>Computes dX with the weights as they are, then updates them.</summary>
    /// <param name="wT">Transpose index of w's present pattern.</param>
    /// <param name="x">[w.Columns, batchSize], as given to the forward pass.</param>
    /// <param name="dY">[w.Rows, batchSize], gradient by the preactivations, not divided by the batch size.</param>
    /// <param name="slopes">[w.Columns, batchSize], from the layer below's forward pass. Null leaves dX = Wᵀ·dY, a part of a sum that
    /// somebody else finishes.</param>
    /// <param name="dX">[w.Columns, batchSize], overwritten.</param>
    /// <param name="state0">One per connection, updated: velocity, or Adam's first moment.</param>
    /// <param name="state1">One per connection, updated: Adam's second moment. Null for SGD.</param>
    /// <param name="padding">How many samples at the end of the minibatch are none: dY is 0 there, and the mean is over the others.</param>
    /// <returns>Squared L2 norm of dW.</returns>
    /// <exception cref="ArgumentException">A buffer has the wrong length, dX is one of the inputs, or the index belongs to another
    /// pattern.</exception>
    public double SparseBackward(
        CsrMatrix w,
        TransposeIndex wT,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float>? slopes,
        DeviceBuffer<float> dX,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        in OptimizerStep step,
        int padding = 0)
    {
        RequireWeightGradient(w, x, dY, batchSize, padding);
        RequireState(state0.Length, state1?.Length, w.Nnz, step);
        RequireInputGradient(w, wT, dY, slopes, dX, batchSize);
        RequireDistinct(dX, x, nameof(dX), nameof(x));
        var squares = SparseBackwardCore(w, wT, x, dY, slopes, dX, state0, state1, batchSize, batchSize - padding, step);
        KeepAlive(w, x, dY, slopes, dX);
        KeepAlive(null, state0, state1);
        GC.KeepAlive(wT);
        return squares;
    }

    protected virtual double SparseBackwardCore(
        CsrMatrix w,
        TransposeIndex wT,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float>? slopes,
        DeviceBuffer<float> dX,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        int samples,
        in OptimizerStep step)
    {
        SparseInputGradientCore(w, wT, dY, slopes, dX, batchSize);
        return SparseWeightUpdateCore(w, x, dY, state0, state1, batchSize, samples, step);
    }

    /// <summary>Computes dX and dW, and updates nothing: where the update is somebody else's, or waits for other gradients. Both have the bits that
    /// <see cref="SparseBackward"/> works with.</summary>
    /// <param name="wT">Transpose index of w's present pattern.</param>
    /// <param name="x">[w.Columns, batchSize], as given to the forward pass.</param>
    /// <param name="dY">[w.Rows, batchSize], gradient by the preactivations, not divided by the batch size.</param>
    /// <param name="slopes">[w.Columns, batchSize], from the layer below's forward pass.</param>
    /// <param name="dX">[w.Columns, batchSize], overwritten.</param>
    /// <param name="dW">One per connection, in the matrix's order, overwritten.</param>
    /// <param name="padding">How many samples at the end of the minibatch are none: dY is 0 there, and the mean is over the others.</param>
    /// <returns>Squared L2 norm of dW.</returns>
    /// <exception cref="ArgumentException">A buffer has the wrong length, dX is one of the inputs, or the index belongs to another
    /// pattern.</exception>
    public double SparseBackwardGradient(
        CsrMatrix w,
        TransposeIndex wT,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> slopes,
        DeviceBuffer<float> dX,
        DeviceBuffer<float> dW,
        int batchSize,
        int padding = 0)
    {
        RequireWeightGradient(w, x, dY, batchSize, padding);
        RequireExactly(dW.Length, w.Nnz, nameof(dW), "connections of w");
        RequireInputGradient(w, wT, dY, slopes, dX, batchSize);
        RequireDistinct(dX, x, nameof(dX), nameof(x));
        var squares = SparseBackwardGradientCore(w, wT, x, dY, slopes, dX, dW, batchSize, batchSize - padding);
        KeepAlive(w, x, dY, slopes, dX);
        KeepAlive(null, dW);
        GC.KeepAlive(wT);
        return squares;
    }

    protected virtual double SparseBackwardGradientCore(
        CsrMatrix w,
        TransposeIndex wT,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> slopes,
        DeviceBuffer<float> dX,
        DeviceBuffer<float> dW,
        int batchSize,
        int samples)
    {
        SparseInputGradientCore(w, wT, dY, slopes, dX, batchSize);
        return SparseWeightGradientCore(w, x, dY, dW, batchSize, samples);
    }

    /// <summary>Makes what the backward pass derives from a pattern, so that several backends may then run it on the same matrix at once.</summary>
    internal void PrepareBackward(CsrMatrix w, TransposeIndex wT, int batchSize) => PrepareBackwardCore(w, wT, batchSize);

    private protected virtual void PrepareBackwardCore(CsrMatrix w, TransposeIndex wT, int batchSize)
    {
    }
}

public sealed unsafe partial class SimdBackend
{
    protected override double SparseBackwardCore(
        CsrMatrix w,
        TransposeIndex wT,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float>? slopes,
        DeviceBuffer<float> dX,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        int samples,
        in OptimizerStep step)
    {
        if (!Fuses(w, batchSize))
        {
            return base.SparseBackwardCore(w, wT, x, dY, slopes, dX, state0, state1, batchSize, samples, step);
        }

        var second = state1 is null ? null : state1.Pointer;
        var update = new GroupedUpdateCall
        {
            Backend = this,
            Blocks = new RowBlocks(w.RowOffsets.Pointer, w.Rows),
            Parameters = new ParameterArrays(w.Values.Pointer, state0.Pointer, second, 1f / samples),
        };
        var sums = BackwardSums(w, wT, x, dY, slopes, dX, batchSize);
        update.Gradient = new GroupedGradient(w.RowOffsets.Pointer, wT.Groups.Places.Pointer, sums.Pointer);
        step.Dispatch(ref update);
        scratch.GiveBack(sums);
        return update.Squares;
    }

    protected override double SparseBackwardGradientCore(
        CsrMatrix w,
        TransposeIndex wT,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> slopes,
        DeviceBuffer<float> dX,
        DeviceBuffer<float> dW,
        int batchSize,
        int samples)
    {
        if (!Fuses(w, batchSize))
        {
            return base.SparseBackwardGradientCore(w, wT, x, dY, slopes, dX, dW, batchSize, samples);
        }

        var squares = stackalloc double[RowBlocks.MostBlocks];
        var blocks = new RowBlocks(w.RowOffsets.Pointer, w.Rows);
        var sums = BackwardSums(w, wT, x, dY, slopes, dX, batchSize);
        var store = new GroupedUpdate<StoreGradient>(
            blocks, new GroupedGradient(w.RowOffsets.Pointer, wT.Groups.Places.Pointer, sums.Pointer), new StoreGradient(dW.Pointer, 1f / samples), squares);
        team.Run(ref store, blocks.Count);
        scratch.GiveBack(sums);
        return SumInOrder(squares, blocks.Count);
    }

    /// <summary>dX, and the sums of the gradient in the order of the groups: from the scratch memory.</summary>
    private DeviceBuffer<float> BackwardSums(
        CsrMatrix w,
        TransposeIndex wT,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float>? slopes,
        DeviceBuffer<float> dX,
        int batchSize)
    {
        var groups = wT.Groups;
        var sums = scratch.Take(groups.Rows.Length);
        var connections = new GroupedConnections(
            groups.Offsets.Pointer, groups.Rows.Pointer, groups.Positions.Pointer, w.Values.Pointer);
        var product = new BackwardProduct<Lanes16>(
            new RowBlocks(groups.Offsets.Pointer, w.Columns), connections, x.Pointer, dY.Pointer,
            slopes is null ? new Slopes(Ones(batchSize), 0) : new Slopes(slopes.Pointer, batchSize), dX.Pointer, sums.Pointer, batchSize,
            Grid.Backward);
        product.Run(team, plan, w.Rows);
        return sums;
    }

    private protected override void PrepareBackwardCore(CsrMatrix w, TransposeIndex wT, int batchSize)
    {
        if (Fuses(w, batchSize))
        {
            _ = wT.Groups;
        }
    }

    // The loop wants 24 registers: only AVX-512 has so many.
    private bool Fuses(CsrMatrix w, int batchSize) => Vector512.IsHardwareAccelerated && batchSize >= Lanes16.Count
        && plan.FusesBackward(w.Rows, w.Columns, w.Nnz, batchSize);

    private float* Ones(int count)
    {
        if (!(ones?.Length >= count))
        {
            ones?.Dispose();
            ones = new DeviceBuffer<float>(count);
            ones.Span.Fill(1);
        }

        return ones.Pointer;
    }

    private struct GroupedUpdateCall : IOptimizerUser
    {
        public SimdBackend Backend;
        public RowBlocks Blocks;
        public GroupedGradient Gradient;
        public ParameterArrays Parameters;
        public double Squares;

        public void Use<TOptimizer>(TOptimizer optimizer)
            where TOptimizer : unmanaged, IOptimizer
        {
            var squares = stackalloc double[RowBlocks.MostBlocks];
            var update = new GroupedUpdate<UpdateParameters<TOptimizer>>(
                Blocks, Gradient, new UpdateParameters<TOptimizer>(Parameters, optimizer), squares);
            Backend.team.Run(ref update, Blocks.Count);
            Squares = SumInOrder(squares, Blocks.Count);
        }
    }
}
