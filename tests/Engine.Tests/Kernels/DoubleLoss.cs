using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>The losses once more, from their formulas, in double: the judge of the ones in the engine.</summary>
internal static class DoubleLoss
{
    public static double[] Probabilities(LossKind kind, double[] z, int outputs, int batchSize)
    {
        var p = z.ToArray();
        for (var sample = 0; sample < batchSize && kind != LossKind.SquaredError; sample++)
        {
            var own = Enumerable.Range(0, outputs).Select(output => (output * batchSize) + sample).ToArray();
            var sum = own.Sum(index => Math.Exp(z[index]));
            foreach (var index in own)
            {
                p[index] = kind == LossKind.SoftmaxCrossEntropy ? Math.Exp(z[index]) / sum : 1 / (1 + Math.Exp(-z[index]));
            }
        }

        return p;
    }

    public static (double Loss, double[] Gradient, int Correct) Of(
        LossKind kind, double[] z, int[] classes, float[] targets, int outputs, int batchSize)
    {
        var gradient = Probabilities(kind, z, outputs, batchSize);
        var (loss, correct) = (0.0, 0);
        for (var sample = 0; sample < batchSize; sample++)
        {
            if (kind == LossKind.SquaredError)
            {
                for (var index = sample; index < z.Length; index += batchSize)
                {
                    gradient[index] = z[index] - targets[index];
                    loss += 0.5 * gradient[index] * gradient[index];
                }
            }
            else if (kind == LossKind.BinaryCrossEntropy)
            {
                loss -= Math.Log(Limited(classes[sample] == 1 ? gradient[sample] : 1 - gradient[sample]));
                correct += gradient[sample] > 0.5 == (classes[sample] == 1) ? 1 : 0;
                gradient[sample] -= classes[sample];
            }
            else
            {
                var own = (classes[sample] * batchSize) + sample;
                loss -= Math.Log(Limited(gradient[own]));
                correct += Enumerable.Range(0, outputs).All(output => z[(output * batchSize) + sample] <= z[own]) ? 1 : 0;
                gradient[own] -= 1;
            }
        }

        return (loss, gradient, correct);
    }

    private static double Limited(double probability) => Math.Clamp(probability, 1e-7, 1 - 1e-7);
}
