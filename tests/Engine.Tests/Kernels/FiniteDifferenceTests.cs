using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>A network of one hidden layer, forward and back through the kernels, against differences of its mean loss in
/// double.</summary>
public class FiniteDifferenceTests
{
    private const int Inputs = 6;
    private const int Hidden = 5;
    private const int BatchSize = 19;
    private const double Step = 1e-5;

    public static TheoryData<string, ActivationKind, LossKind> Cases()
    {
        var cases = new TheoryData<string, ActivationKind, LossKind>();
        foreach (var backend in Backend.Available)
        {
            foreach (var activation in Enum.GetValues<ActivationKind>())
            {
                foreach (var loss in Enum.GetValues<LossKind>())
                {
                    cases.Add(backend, activation, loss);
                }
            }
        }

        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Backward_EveryActivationAndLoss_MatchesFiniteDifferences(string name, ActivationKind kind, LossKind loss)
    {
        using var backend = Backend.Create(name, 1);
        var network = new Network(loss, DoubleActivation.Sample(kind));
        using var x = Buffer(network.X);
        using var hidden = new DeviceBuffer<float>(Hidden * BatchSize);
        using var slopes = new DeviceBuffer<float>(Hidden * BatchSize);
        using var dHidden = new DeviceBuffer<float>(Hidden * BatchSize);
        using var logits = new DeviceBuffer<float>(network.Outputs * BatchSize);
        var (w1, w2) = (network.W1, network.W2);
        using var dW1 = new DeviceBuffer<float>(w1.Nnz);
        using var dW2 = new DeviceBuffer<float>(w2.Nnz);

        backend.SparseForward(w1, network.Bias1, x, hidden, slopes, BatchSize, network.Activation, network.Dropout);
        backend.SparseForward(w2, network.Bias2, hidden, logits, BatchSize, Activation.Linear);
        var result = backend.Loss(loss, logits, network.Classes, network.Targets, logits, network.Outputs, BatchSize);
        backend.SparseInputGradient(w2, TransposeIndex.Of(w2), logits, slopes, dHidden, BatchSize);
        backend.SparseWeightGradient(w2, hidden, logits, dW2, BatchSize);
        backend.SparseWeightGradient(w1, x, dHidden, dW1, BatchSize);

        // The gradient as the fused backward pass sees it: what a step of plain descent takes from the weights.
        using var w2T = TransposeIndex.Of(w2);
        using var dFused = new DeviceBuffer<float>(Hidden * BatchSize);
        var (before, descent) = (w2.Values.ToArray(), OptimizerStep.From(new OptimizerOptions { Momentum = 0 }, 1, 1));
        using var velocity = Buffer(new float[w2.Nnz]);
        backend.SparseBackward(w2, w2T, hidden, logits, slopes, dFused, velocity, null, BatchSize, descent);
        var fused = before.Zip(w2.Values.ToArray(), (old, now) => old - now).ToArray();
        before.CopyTo(w2.Values.Span);

        Assert.Equal(network.MeanLoss(), result.LossSum / BatchSize, 1e-5);
        AssertClose(Differences(network, w1), dW1.Span, 1e-4);
        AssertClose(Differences(network, w2), dW2.Span, 1e-4);
        AssertClose(Differences(network, w2), fused, 1e-4);
        Assert.Equal(Bits(dHidden.Span), Bits(dFused.Span));
    }

    private static double[] Differences(Network network, CsrMatrix w)
    {
        var differences = new double[w.Nnz];
        for (var k = 0; k < differences.Length; k++)
        {
            differences[k] = (network.MeanLoss(w, k, Step) - network.MeanLoss(w, k, -Step)) / (2 * Step);
        }

        return differences;
    }

    private sealed class Network
    {
        private readonly LossKind loss;

        public Network(LossKind loss, Activation activation)
        {
            this.loss = loss;
            Activation = activation;
            Outputs = loss == LossKind.BinaryCrossEntropy ? 1 : 3;
            W1 = Matrix(Hidden, Inputs, 0.6, seed: 21);
            W2 = Matrix(Outputs, Hidden, 0.9, seed: 22);
            Bias1 = Vector(Hidden, seed: 23);
            Bias2 = Vector(Outputs, seed: 24);
            Targets = Vector(Outputs * BatchSize, seed: 25);
            Classes = Enumerable.Range(0, BatchSize).Select(sample => sample % Math.Max(2, Outputs)).ToArray();

            // A sample nearer to a kink than a difference reaches would be judged by the wrong slope.
            X = Enumerable.Range(30, 1000).Select(seed => Vector(Inputs * BatchSize, (ulong)seed))
                .First(x => Preactivations(x).All(z => DoubleActivation.DistanceToKink(activation, z) > 4 * Step));
        }

        public int Outputs { get; }

        public Activation Activation { get; }

        public Dropout Dropout { get; } = new(0.25f, 5);

        public CsrMatrix W1 { get; }

        public CsrMatrix W2 { get; }

        public float[] Bias1 { get; }

        public float[] Bias2 { get; }

        public float[] X { get; }

        public int[] Classes { get; }

        public float[] Targets { get; }

        public double MeanLoss(CsrMatrix? moved = null, int position = 0, double by = 0)
        {
            var z1 = Product(W1, Bias1, Array.ConvertAll(X, value => (double)value), moved == W1 ? by : 0, position);
            var hidden = z1.Select((z, index) => Dropout.Keeps(index) ? DoubleActivation.Value(Activation, z) / 0.75 : 0).ToArray();
            var z2 = Product(W2, Bias2, hidden, moved == W2 ? by : 0, position);
            return DoubleLoss.Of(loss, z2, Classes, Targets, Outputs, BatchSize).Loss / BatchSize;
        }

        private double[] Preactivations(float[] x) => Product(W1, Bias1, Array.ConvertAll(x, value => (double)value), 0, 0);

        private static double[] Product(CsrMatrix w, float[] bias, double[] x, double by, int position)
        {
            var y = new double[w.Rows * BatchSize];
            for (var index = 0; index < y.Length; index++)
            {
                var (row, sample) = (index / BatchSize, index % BatchSize);
                y[index] = bias[row];
                for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1]; k++)
                {
                    y[index] += (w.Values[k] + (k == position ? by : 0)) * x[(w.ColumnIndices[k] * BatchSize) + sample];
                }
            }

            return y;
        }
    }
}
