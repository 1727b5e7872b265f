using SparseService.Engine.Kernels;

namespace SparseService.Engine.Inference;

/// <summary>The formula as it reads: scalar, sums in double, one input after the other. Documentation and judge.</summary>
internal sealed class ReferenceInference(int threads) : SparseInference(threads)
{
    private readonly object gate = new();
    private List<(int Input, float[] Activations)> left = [];

    public override string Name => ReferenceBackend.BackendName;

    private protected override long PartBytes => 64 << 20;

    /// <summary>y = min(cap, max(0, W·x + b)).</summary>
    /// <returns>Whether an output is above 0.</returns>
    internal static bool Apply(CompactLayer layer, ReadOnlySpan<float> x, Span<float> y)
    {
        var offsets = layer.Offsets.Span;
        var values = layer.Values.Span;
        var isAlive = false;
        for (var row = 0; row < layer.Outputs; row++)
        {
            double sum = layer.Bias.Span[row];
            for (var k = offsets[row]; k < offsets[row + 1]; k++)
            {
                sum += (double)values[k] * x[layer.Column(k)];
            }

            y[row] = (float)Math.Min(layer.Cap, Math.Max(0, sum));
            isAlive |= y[row] > 0;
        }

        return isAlive;
    }

    private protected override void Begin(IReadOnlyList<CompactLayer> layers, BitRows inputs, Span<long> active)
    {
        left.Clear();
        Run(layers, inputs.Rows, active, index =>
        {
            var x = new float[layers[0].Inputs];
            for (var feature = 0; feature < x.Length; feature++)
            {
                x[feature] = inputs[index, feature] ? 1 : 0;
            }

            return (index, x);
        });
    }

    private protected override void Continue(IReadOnlyList<CompactLayer> layers, Span<long> active)
    {
        var before = left;
        left = [];
        Run(layers, before.Count, active, index => before[index]);
    }

    private protected override int[] End(Span<long> active)
    {
        var survivors = left.Select(one => one.Input).Order().ToArray();
        left.Clear();
        return survivors;
    }

    private void Run(IReadOnlyList<CompactLayer> layers, int count, Span<long> active, Func<int, (int Input, float[] Activations)> start)
    {
        var entered = new long[layers.Count];
        System.Threading.Tasks.Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Threads }, index =>
        {
            var (input, x) = start(index);
            for (var layer = 0; layer < layers.Count; layer++)
            {
                Interlocked.Increment(ref entered[layer]);
                var y = new float[layers[layer].Outputs];
                if (!Apply(layers[layer], x, y))
                {
                    return;
                }

                x = y;
            }

            lock (gate)
            {
                left.Add((input, x));
            }
        });
        entered.CopyTo(active);
    }
}
