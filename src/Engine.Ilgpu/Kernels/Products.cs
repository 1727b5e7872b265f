namespace SparseService.Engine.Ilgpu.Kernels;

// A thread has one sample of one row while the row's connections pass, in their order: the weight is read once for all threads side by
// side, and they read samples that lie side by side. Sums start at an anchor, see Kernels/SumGrid.cs.

/// <summary>Y = f(W·X + b)⊙k and slopes = f'(W·X + b)⊙k, see SparseForward.cs. [row, sample] threads.</summary>
/// <param name="biases">Empty: the sums so far stand in y.</param>
/// <param name="slopes">Empty when not in training.</param>
internal readonly struct SparseForward<TActivation>(
    int batch, ArrayView<long> offsets, ArrayView<int> columns, ArrayView<float> values, ArrayView<float> biases, ArrayView<float> x,
    ArrayView<float> y, ArrayView<float> slopes, float anchor, TActivation f, DropoutMask mask) : IKernel
    where TActivation : unmanaged, IActivation
{
    public void Execute(long row, int sample)
    {
        var at = (row * batch) + sample;
        var sum = anchor + (biases.Length > 0 ? biases[row] : y[at]);
        for (var k = offsets[row]; k < offsets[row + 1]; k++)
        {
            sum = Fused.MultiplyAdd(values[k], x[((long)columns[k] * batch) + sample], sum);
        }

        var z = new Lane(sum - anchor);
        var value = f.Value(z);
        var kept = mask.IsEmpty ? new Lane(1) : mask.Factors<Lane>(at);
        y[at] = (value * kept).Value;
        if (slopes.Length > 0)
        {
            slopes[at] = (f.Slope(z, value) * kept).Value;
        }
    }
}

/// <summary>dX = (Wᵀ·dY)⊙slopes, gathered over the transpose index, so that nothing is scattered. [column, sample] threads.</summary>
/// <param name="slopes">Empty: 1 everywhere.</param>
internal readonly struct SparseInputGradient(
    int batch, ArrayView<long> offsets, ArrayView<int> rows, ArrayView<int> positions, ArrayView<float> values, ArrayView<float> dy,
    ArrayView<float> slopes, ArrayView<float> dx, float anchor) : IKernel
{
    public void Execute(long column, int sample)
    {
        var sum = anchor;
        for (var t = offsets[column]; t < offsets[column + 1]; t++)
        {
            sum = Fused.MultiplyAdd(values[positions[t]], dy[((long)rows[t] * batch) + sample], sum);
        }

        var at = (column * batch) + sample;
        dx[at] = slopes.Length > 0 ? (sum - anchor) * slopes[at] : sum - anchor;
    }
}
