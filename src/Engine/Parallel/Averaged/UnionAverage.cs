using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>
/// The end of phase 2: W̄ = (1/K)·Σ W_k over the union of the patterns (absent = 0, always divided by K), b̄ likewise; then each layer is cut back to its budget
/// S with SET's two-sided drop at ζ' = (S' − S)/S', S' = connections of the union. What rounding ζ' for each sign leaves over is taken from the positive ones, so
/// that exactly S are left.
/// </summary>
internal sealed unsafe class UnionAverage : IDisposable
{
    private readonly CsrMatrix[] sums;
    private readonly float[][] biases;
    private readonly bool[][] removed;
    private readonly ExplorationSketch[] explored;
    private int count = 1;

    /// <param name="first">Worker 0's; copied.</param>
    public UnionAverage(SparseNetwork first)
    {
        sums = first.Layers.Select(layer => Merge(layer.Weights, null)).ToArray();
        biases = first.Layers.Select(layer => layer.Bias.ToArray()).ToArray();
        removed = first.Layers.Select(layer => layer.Removed.ToArray()).ToArray();
        explored = first.Layers.Select(layer => new ExplorationSketch(layer.Explored.State.ToArray())).ToArray();
    }

    /// <summary>Adds the next worker's.</summary>
    public void Add(SparseNetwork network)
    {
        foreach (var layer in network.Layers)
        {
            var l = layer.Index;
            var union = Merge(sums[l], layer.Weights);
            sums[l].Dispose();
            sums[l] = union;
            for (var neuron = 0; neuron < biases[l].Length; neuron++)
            {
                biases[l][neuron] += layer.Bias[neuron];
                removed[l][neuron] &= layer.Removed[neuron];
            }

            explored[l].Add(layer.Explored);
        }

        count++;
    }

    /// <summary>The average, cut back. Its optimizer state is 0.</summary>
    /// <param name="budget">Per layer.</param>
    public SparseNetwork Result(TrainingOptions options, IReadOnlyList<long> budget)
    {
        var slots = options.Optimizer.Kind == OptimizerKind.Adam ? 2 : 1;
        var layers = new SparseLayer[sums.Length];
        for (var l = 0; l < layers.Length; l++)
        {
            var weights = sums[l];
            Divide(weights.Values.Span, count);
            Divide(biases[l], count);
            var state = Enumerable.Range(0, slots).Select(_ => new DeviceBuffer<float>(weights.Nnz)).ToArray();
            layers[l] = new SparseLayer(
                l, new Connections(weights, state), biases[l], Enumerable.Range(0, slots).Select(_ => new float[weights.Rows]).ToArray(),
                SparseLayer.ActivationOf(options.Network, l), explored[l], removed[l]);
            Cut(layers[l].Connections, budget[l]);
            Array.ForEach(state, slot => slot.Clear());
            sums[l] = new CsrMatrix(0, 0, [0], [], []);
        }

        return new SparseNetwork(layers);
    }

    public void Dispose() => Array.ForEach(sums, sum => sum.Dispose());

    /// <summary>Leaves <paramref name="budget"/> connections, or all where there are no more.</summary>
    internal static void Cut(Connections connections, long budget)
    {
        var weights = connections.Weights;
        var cut = MagnitudeCut.Keeping(weights.Values.Pointer, weights.Nnz, Math.Min(budget, weights.Nnz));
        connections.RemoveUnless(ref cut);
    }

    private static void Divide(Span<float> values, int by)
    {
        foreach (ref var value in values)
        {
            value /= by;
        }
    }

    // Row by row, both in ascending columns. O(nnz of both).
    private static CsrMatrix Merge(CsrMatrix one, CsrMatrix? other)
    {
        var most = one.Nnz + (other?.Nnz ?? 0);
        using var columns = new DeviceBuffer<int>(most);
        using var values = new DeviceBuffer<float>(most);
        var offsets = new DeviceBuffer<long>(one.Rows + 1L);
        var k = 0L;
        for (var row = 0; row < one.Rows; row++)
        {
            offsets[row] = k;
            var (a, aEnd) = (one.RowOffsets[row], one.RowOffsets[row + 1L]);
            var (b, bEnd) = other is null ? (0, 0) : (other.RowOffsets[row], other.RowOffsets[row + 1L]);
            while (a < aEnd || b < bEnd)
            {
                var left = a < aEnd ? one.ColumnIndices.Pointer[a] : int.MaxValue;
                var right = b < bEnd ? other!.ColumnIndices.Pointer[b] : int.MaxValue;
                columns.Pointer[k] = Math.Min(left, right);
                values.Pointer[k++] = (left <= right ? one.Values.Pointer[a] : 0) + (right <= left ? other!.Values.Pointer[b] : 0);
                a += left <= right ? 1 : 0;
                b += right <= left ? 1 : 0;
            }
        }

        offsets[one.Rows] = k;
        columns.Resize(k);
        values.Resize(k);
        return new CsrMatrix(one.Rows, one.Columns, offsets, columns.Copy(), values.Copy());
    }
}
