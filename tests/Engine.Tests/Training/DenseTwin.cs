using SparseService.Engine.Data;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Formats;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

/// <summary>
/// Section 1 of the specification, written a second time: dense matrices in double with a mask, sample by sample, no shared code but the random keys.
/// It judges the trainer as a whole: order of layers, old weights in the backward pass, momentum, decay, averages.
/// </summary>
internal sealed class DenseTwin
{
    private readonly TrainingOptions options;
    private readonly double[][,] velocity;
    private readonly double[][] biasVelocity;
    private double rate;
    private long step;

    public DenseTwin(TrainingOptions options, IReadOnlyDictionary<string, Tensor> model)
    {
        this.options = options;
        var layers = options.Network.Layers;
        Weights = new double[layers.Count - 1][,];
        Mask = new bool[layers.Count - 1][,];
        Bias = new double[layers.Count - 1][];
        velocity = new double[layers.Count - 1][,];
        biasVelocity = new double[layers.Count - 1][];
        for (var l = 0; l < Weights.Length; l++)
        {
            (Weights[l], Mask[l], velocity[l]) = (new double[layers[l + 1], layers[l]], new bool[layers[l + 1], layers[l]], new double[layers[l + 1], layers[l]]);
            (Bias[l], biasVelocity[l]) = (new double[layers[l + 1]], new double[layers[l + 1]]);
            var (offsets, columns) = (model[$"layers.{l}.rowOffsets"].ToArray<long>(), model[$"layers.{l}.columnIndices"].ToArray<int>());
            var values = model[$"layers.{l}.values"].ToArray<float>();
            for (var row = 0; row < layers[l + 1]; row++)
            {
                for (var k = offsets[row]; k < offsets[row + 1]; k++)
                {
                    Weights[l][row, columns[k]] = values[k];
                    Mask[l][row, columns[k]] = true;
                }
            }
        }
    }

    public double[][,] Weights { get; }

    public bool[][,] Mask { get; }

    public double[][] Bias { get; }

    public void TrainEpoch(SampleStore data, int[] trainRows, Normalization normalization, int epoch)
    {
        rate = LearningRate.At(options, epoch);
        var order = (int[])trainRows.Clone();
        RandomStream.For(options.Seed, RandomPurpose.Shuffle, epoch).Shuffle(order.AsSpan());
        for (var start = 0; start + options.BatchSize <= order.Length; start += options.BatchSize)
        {
            Step(data, order.AsSpan(start, options.BatchSize), normalization);
        }
    }

    private void Step(SampleStore data, ReadOnlySpan<int> rows, Normalization normalization)
    {
        var gradients = Weights.Select(w => new double[w.GetLength(0), w.GetLength(1)]).ToArray();
        var biasGradients = Bias.Select(b => new double[b.Length]).ToArray();
        for (var sample = 0; sample < rows.Length; sample++)
        {
            var row = rows[sample];
            var raw = new float[data.Features];
            data.ReadRow(row, raw);
            var x = raw.Select((value, feature) => (double)((value - normalization.Shift[feature]) * normalization.Scale[feature])).ToArray();
            Backward(Forward(x, sample), sample, data.ClassOf(row), gradients, biasGradients);
        }

        for (var l = 0; l < Weights.Length; l++)
        {
            Update(l, gradients[l], biasGradients[l], rows.Length);
        }

        step++;
    }

    private List<(double[] Z, double[] A)> Forward(double[] x, int sample)
    {
        var values = new List<(double[] Z, double[] A)> { (x, x) };
        for (var l = 0; l < Weights.Length; l++)
        {
            var (layer, z) = (l, (double[])Bias[l].Clone());
            for (var row = 0; row < z.Length; row++)
            {
                for (var column = 0; column < values[^1].A.Length; column++)
                {
                    z[row] += Weights[l][row, column] * values[^1].A[column];
                }
            }

            values.Add((z, l == Weights.Length - 1 ? z : z.Select((value, neuron) => (value > 0 ? value : Left(layer) * value) * Kept(layer, neuron, sample)).ToArray()));
        }

        return values;
    }

    private void Backward(List<(double[] Z, double[] A)> values, int sample, int label, double[][,] gradients, double[][] biasGradients)
    {
        var logits = values[^1].Z;
        var exponentials = logits.Select(z => Math.Exp(z - logits.Max())).ToArray();
        var delta = exponentials.Select((e, output) => (e / exponentials.Sum()) - (output == label ? 1 : 0)).ToArray();
        for (var l = Weights.Length - 1; l >= 0; l--)
        {
            var before = new double[values[l].A.Length];
            for (var row = 0; row < delta.Length; row++)
            {
                biasGradients[l][row] += delta[row];
                for (var column = 0; column < before.Length; column++)
                {
                    gradients[l][row, column] += values[l].A[column] * delta[row];
                    before[column] += Weights[l][row, column] * delta[row];
                }
            }

            delta = l == 0 ? before : before.Select((d, column) => d * (values[l].Z[column] < 0 ? Left(l - 1) : 1) * Kept(l - 1, column, sample)).ToArray();
        }
    }

    private void Update(int l, double[,] gradient, double[] biasGradient, int batchSize)
    {
        var (eta, mu, decay) = (rate, options.Optimizer.Momentum, options.Optimizer.WeightDecay);
        for (var row = 0; row < Bias[l].Length; row++)
        {
            biasVelocity[l][row] = (mu * biasVelocity[l][row]) - (eta * biasGradient[row] / batchSize);
            Bias[l][row] += biasVelocity[l][row] - (decay * Bias[l][row]);
            for (var column = 0; column < gradient.GetLength(1); column++)
            {
                if (Mask[l][row, column])
                {
                    velocity[l][row, column] = (mu * velocity[l][row, column]) - (eta * gradient[row, column] / batchSize);
                    Weights[l][row, column] += velocity[l][row, column] - (decay * Weights[l][row, column]);
                }
            }
        }
    }

    // Which outputs a hidden layer drops is a function of (seed, step, layer) and of the place in the minibatch.
    private double Kept(int weightLayer, int neuron, int sample)
    {
        var dropout = new Dropout((float)options.Dropout, RandomStream.Key(options.Seed, RandomPurpose.Dropout, step, weightLayer));
        return dropout.Keeps((neuron * PaddedBatch.Of(options.BatchSize)) + sample) ? dropout.Scale : 0;
    }

    // All-ReLU: hidden layers 1, 2, 3 … (weight layers 0, 1, 2 …) have left slopes −α, +α, −α …
    private double Left(int weightLayer) => weightLayer % 2 == 0 ? -options.Network.Activation.Slope : options.Network.Activation.Slope;
}
