using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Gpu;

/// <summary>Every operation once on a network of two layers: what all of them have written.</summary>
internal static class DeviceStep
{
    public static List<float[]> Run(Backend backend, int batchSize, double density, OptimizerStep step, Summation summation = Summation.Float)
    {
        const int inputs = 7, hidden = 9, outputs = 3;
        backend.Grid = summation == Summation.FixedPoint ? SumGrid.Of(forward: 9, backward: 4) : default;
        using var w1 = Matrix(hidden, inputs, density, seed: 1);
        using var w2 = Matrix(outputs, hidden, density, seed: 2);
        using var w2T = TransposeIndex.Of(w2);
        var (bias1, bias2) = (Vector(hidden, seed: 3), Vector(outputs, seed: 4));
        var (biasState0, biasState1) = (new float[outputs], new float[outputs]);
        using var x = Buffer(Vector(inputs * batchSize, seed: 5));
        using var y = Zeros(hidden * batchSize);
        using var slopes = Zeros(hidden * batchSize);
        using var logits = Zeros(outputs * batchSize);
        using var dHidden = Zeros(hidden * batchSize);
        using var folded = Zeros(hidden * batchSize);
        using var s0 = Zeros(w1.Nnz);
        using var s1 = Zeros(w1.Nnz);
        using var t0 = Zeros(w2.Nnz);
        using var t1 = Zeros(w2.Nnz);
        using var dW = Zeros(w2.Nnz);
        using var db = Zeros(outputs);
        using var neurons = new DeviceBuffer<int>([.. Enumerable.Range(0, hidden)]);
        var active = new bool[hidden];
        var second = step.StateSlots > 1;

        backend.MakeTieFree(w1.Values);
        backend.SparseForward(w1, bias1, x, y, slopes, batchSize, new Activation(ActivationKind.Tanh), new Dropout(0.3f, 11));
        backend.DropoutRows(neurons, y, slopes, batchSize, new Dropout(0.2f, 12));
        backend.MarkActive(active, y, batchSize, batchSize);
        backend.SparseForward(w2, bias2, y, logits, batchSize, Activation.Linear);
        backend.SparseForwardOnto(w2, y, logits, null, batchSize, Activation.Linear);
        var loss = backend.Loss(
            LossKind.SoftmaxCrossEntropy, logits, [.. Enumerable.Range(0, batchSize).Select(sample => sample % outputs)], [], logits, outputs, batchSize);
        var squares = backend.SparseWeightGradient(w2, y, logits, dW, batchSize) + backend.BiasGradient(logits, db, batchSize);
        squares += backend.SparseBackward(w2, w2T, y, logits, slopes, dHidden, t0, second ? t1 : null, batchSize, step);
        backend.FoldRows(dHidden, 1, [.. Enumerable.Range(1, hidden - 1)], folded, batchSize);
        squares += backend.SparseWeightUpdate(w1, x, dHidden, s0, second ? s1 : null, batchSize, step);
        squares += backend.BiasUpdate(bias2, logits, biasState0, second ? biasState1 : null, batchSize, step);
        backend.Probabilities(LossKind.SoftmaxCrossEntropy, logits, outputs, batchSize);
        backend.Probabilities(LossKind.BinaryCrossEntropy, folded, hidden, batchSize);
        var largest = backend.Largest(logits, outputs * batchSize);
        return
        [
            y.ToArray(), slopes.ToArray(), logits.ToArray(), dHidden.ToArray(), folded.ToArray(), dW.ToArray(), db.ToArray(),
            w1.Values.ToArray(), w2.Values.ToArray(), s0.ToArray(), t0.ToArray(), s1.ToArray(), t1.ToArray(), bias2, biasState0, biasState1,
            [.. active.Select(mark => mark ? 1f : 0)], [(float)loss.LossSum, loss.Correct, (float)squares, largest],
            .. OtherLosses(backend, batchSize), .. Update(backend, step),
        ];
    }

    private static float[][] OtherLosses(Backend backend, int batchSize)
    {
        using var one = Buffer(Vector(batchSize, seed: 6));
        using var two = Buffer(Vector(2 * batchSize, seed: 7));
        int[] classes = [.. Enumerable.Range(0, batchSize - (batchSize / 4)).Select(sample => sample % 2)]; // the rest is padding
        var binary = backend.Loss(LossKind.BinaryCrossEntropy, one, classes, [], one, 1, batchSize, batchSize / 4);
        var square = backend.Loss(LossKind.SquaredError, two, [], Vector(2 * batchSize, seed: 8), two, 2, batchSize, batchSize / 4);
        return [one.ToArray(), two.ToArray(), [(float)binary.LossSum, binary.Correct, (float)square.LossSum]];
    }

    private static unsafe float[][] Update(Backend backend, OptimizerStep step)
    {
        const int count = 19;
        using var parameters = Buffer(Vector(count, seed: 9));
        using var gradients = Buffer(Vector(count, seed: 10));
        using var first = Zeros(count);
        using var second = Zeros(count);
        backend.ParameterUpdate(
            parameters.Pointer, gradients.Pointer, first.Pointer, step.StateSlots > 1 ? second.Pointer : null, count, step, 0.5f);
        return [parameters.ToArray(), first.ToArray(), second.ToArray()];
    }

    private static DeviceBuffer<float> Zeros(long length)
    {
        var buffer = new DeviceBuffer<float>(length);
        buffer.Clear();
        return buffer;
    }
}
