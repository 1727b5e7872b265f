using System.Diagnostics;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Gpu;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.DeviceCheck;

/// <summary>What can be asked of a device in seconds, through the backend that is named. Each returns 0 when it has passed.</summary>
public static class Checks
{
    private const double Tolerance = 3e-5;

    public static int Devices(TextWriter output, string backend)
    {
        if (backend == OptionalBackend.Ilgpu)
        {
            using var device = Backend.Create(backend);
            output.WriteLine($"chosen: {device}");
            return 0;
        }

        for (var index = 0; index < GpuDevice.All.Count; index++)
        {
            var device = GpuDevice.All[index];
            output.WriteLine(
                $"{index}: {device.ApiName}, {device}, {(device.IsGpu ? "GPU" : "processor")}, {device.ComputeUnits} units,"
                + $" {device.MemoryBytes >> 20} MiB, {device.LocalBytes >> 10} KiB local, float64 {(device.HasDouble ? "yes" : "no")}");
        }

        output.WriteLine($"chosen: {GpuDevice.Choose(backend)}");
        return 0;
    }

    /// <summary>Every operation of a step at many shapes against the scalar reference, and against itself.</summary>
    public static int Kernels(TextWriter output, string backend)
    {
        using var reference = Backend.Create("reference");
        using var device = Backend.Create(backend);
        var (cases, worst, failed) = (0, 0.0, 0);
        foreach (var batchSize in new[] { 1, 2, 3, 4, 7, 16, 31, 32, 33, 100, 127, 128, 129, 512, 1000, 1040, 4096 })
        {
            foreach (var optimizer in Enum.GetValues<OptimizerKind>())
            {
                var expected = Step(reference, batchSize, optimizer);
                var actual = Step(device, batchSize, optimizer);
                var error = expected.Zip(actual, Distance).Max();
                var again = Step(device, batchSize, optimizer);
                var isStable = actual.Zip(again, (one, other) => one.AsSpan().SequenceEqual(other)).All(same => same);
                (cases, worst) = (cases + 1, Math.Max(worst, error));
                if (!(error <= Tolerance) || !isStable)
                {
                    failed++;
                    var stability = isStable ? "stable" : "other bits in the second run";
                    output.WriteLine($"FAILED batch {batchSize}, {optimizer}: relative error {error:E1}, {stability}");
                }
            }
        }

        output.WriteLine($"kernels: {cases} cases, {failed} failed, largest relative error {worst:E1}");
        return failed == 0 ? 0 : 1;
    }

    /// <summary>Bytes a second between host and device, there and back through a buffer that both sides touch in turn.</summary>
    public static int Transfers(TextWriter output, string backend)
    {
        const int neurons = 1 << 20, batchSize = 64, rounds = 5;
        using var device = Backend.Create(backend);
        using var buffer = new DeviceBuffer<float>((long)neurons * batchSize);
        buffer.Clear();
        device.Probabilities(LossKind.BinaryCrossEntropy, buffer, neurons, batchSize);
        var watch = Stopwatch.StartNew();
        for (var round = 0; round < rounds; round++)
        {
            buffer[0] = round; // brings it home; the next operation sends it
            device.Probabilities(LossKind.BinaryCrossEntropy, buffer, neurons, batchSize);
        }

        _ = buffer[0];
        var bytes = 2.0 * rounds * buffer.Length * sizeof(float);
        output.WriteLine($"transfers: {bytes / watch.Elapsed.TotalSeconds / 1e9:0.0} GB/s, one kernel a round included");
        return 0;
    }

    /// <summary>Takes memory until there is none: the end must be an exception that says so.</summary>
    public static int Memory(TextWriter output, string backend)
    {
        using var device = Backend.Create(backend);
        var taken = new List<DeviceBuffer<float>>();
        try
        {
            while (true)
            {
                taken.Add(new DeviceBuffer<float>(1 << 28));
                device.Probabilities(LossKind.BinaryCrossEntropy, taken[^1], 1 << 22, 64);
                output.WriteLine($"memory: {taken.Count} GiB taken");
            }
        }
        catch (DeviceMemoryException fault)
        {
            output.WriteLine($"memory: {fault.Message}");
            return 0;
        }
        finally
        {
            taken.ForEach(buffer => buffer.Dispose());
        }
    }

    private static List<float[]> Step(Backend backend, int batchSize, OptimizerKind kind)
    {
        const int inputs = 150, hidden = 90, outputs = 11;
        using var w1 = RandomLayer.Of(hidden, inputs, fanIn: 20, seed: 1);
        using var w2 = RandomLayer.Of(outputs, hidden, fanIn: 30, seed: 2);
        using var w2T = TransposeIndex.Of(w2);
        using var x = RandomLayer.Buffer(inputs * batchSize, seed: 3);
        using var y = new DeviceBuffer<float>(hidden * batchSize);
        using var slopes = new DeviceBuffer<float>(hidden * batchSize);
        using var logits = new DeviceBuffer<float>(outputs * batchSize);
        using var dHidden = new DeviceBuffer<float>(hidden * batchSize);
        DeviceBuffer<float>[] state = [Zeros(w1.Nnz), Zeros(w1.Nnz), Zeros(w2.Nnz), Zeros(w2.Nnz)];
        var (bias1, bias2) = (new float[hidden], new float[outputs]);
        var (biasState0, biasState1) = (new float[outputs], new float[outputs]);
        var second = kind == OptimizerKind.Adam;
        var step = OptimizerStep.From(new OptimizerOptions { Kind = kind }, 0.01, 1);

        backend.SparseForward(w1, bias1, x, y, slopes, batchSize, new Activation(ActivationKind.Tanh), new Dropout(0.3f, 5));
        backend.SparseForward(w2, bias2, y, logits, batchSize, Activation.Linear);
        int[] classes = [.. Enumerable.Range(0, batchSize).Select(sample => sample % outputs)];
        var loss = backend.Loss(LossKind.SoftmaxCrossEntropy, logits, classes, [], logits, outputs, batchSize);
        var squares = backend.SparseBackward(w2, w2T, y, logits, slopes, dHidden, state[2], second ? state[3] : null, batchSize, step);
        squares += backend.SparseWeightUpdate(w1, x, dHidden, state[0], second ? state[1] : null, batchSize, step);
        squares += backend.BiasUpdate(bias2, logits, biasState0, second ? biasState1 : null, batchSize, step);
        List<float[]> results =
        [
            y.ToArray(), slopes.ToArray(), logits.ToArray(), dHidden.ToArray(), w1.Values.ToArray(), w2.Values.ToArray(), bias2,
            .. state.Select(slot => slot.ToArray()), [(float)loss.LossSum, loss.Correct, (float)squares],
        ];
        Array.ForEach(state, slot => slot.Dispose());
        return results;
    }

    private static DeviceBuffer<float> Zeros(long length)
    {
        var buffer = new DeviceBuffer<float>(length);
        buffer.Clear();
        return buffer;
    }

    // Of the whole tensor; NaN where either has one.
    private static double Distance(float[] expected, float[] actual)
    {
        var (error, size) = (0.0, 1e-12);
        for (var index = 0; index < expected.Length; index++)
        {
            error += Math.Pow((double)expected[index] - actual[index], 2);
            size += Math.Pow(expected[index], 2);
        }

        return Math.Sqrt(error / size);
    }
}
