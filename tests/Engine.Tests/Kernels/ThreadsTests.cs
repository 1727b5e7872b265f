using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>Threads change nothing but time, and a step that has run before allocates nothing.</summary>
public class ThreadsTests
{
    private const int Rows = 211;
    private const int Columns = 157;

    [Theory]
    [InlineData(1)]
    [InlineData(37)]
    [InlineData(128)]
    [InlineData(300)]
    public void Step_AnyThreadCount_HasTheSameBits(int batchSize)
    {
        var alone = Train(1, batchSize);

        Assert.Equal(alone, Train(2, batchSize));
        Assert.Equal(alone, Train(3, batchSize));
    }

    [Theory]
    [InlineData(1, OptimizerKind.Sgd)]
    [InlineData(1, OptimizerKind.Adam)]
    [InlineData(2, OptimizerKind.Sgd)]
    public void Step_RunBefore_AllocatesNothing(int threads, OptimizerKind optimizer)
    {
        using var step = new TrainingStep(threads, 37, optimizer);
        for (var warm = 0; warm < 3; warm++)
        {
            step.Run();
        }

        // The runtime may load a type late and charge this thread for it, once; a step that allocates does so in every round.
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var run = 0; run < 20; run++)
            {
                step.Run();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private static uint[] Train(int threads, int batchSize)
    {
        using var step = new TrainingStep(threads, batchSize, OptimizerKind.Adam);
        for (var run = 0; run < 5; run++)
        {
            step.Run();
        }

        return step.Everything();
    }

    private sealed class TrainingStep : IDisposable
    {
        private readonly Backend backend;
        private readonly int batchSize;
        private readonly CsrMatrix w = Matrix(Rows, Columns, 0.4, seed: 1);
        private readonly TransposeIndex wT;
        private readonly float[] bias = new float[Rows];
        private readonly DeviceBuffer<float>[] states;
        private readonly float[][] biasStates = [new float[Rows], new float[Rows]];
        private readonly int[] classes;
        private readonly DeviceBuffer<float> dW;
        private readonly DeviceBuffer<float> x;
        private readonly DeviceBuffer<float> slopesX;
        private readonly DeviceBuffer<float> y;
        private readonly DeviceBuffer<float> slopes;
        private readonly DeviceBuffer<float> dX;
        private readonly OptimizerStep optimizer;
        private readonly Activation activation = DoubleActivation.Sample(ActivationKind.Tanh);
        private readonly List<double> norms = new(100);

        public TrainingStep(int threads, int batchSize, OptimizerKind kind)
        {
            backend = Backend.Create("simd", threads);
            this.batchSize = batchSize;
            wT = TransposeIndex.Of(w);
            states = [Buffer(new float[w.Nnz]), Buffer(new float[w.Nnz])];
            dW = new DeviceBuffer<float>(w.Nnz);
            classes = Enumerable.Range(0, batchSize).Select(sample => sample % Rows).ToArray();
            x = Buffer(Vector(Columns * batchSize, seed: 2));
            slopesX = Buffer(Vector(Columns * batchSize, seed: 3));
            y = new DeviceBuffer<float>(Rows * batchSize);
            slopes = new DeviceBuffer<float>(Rows * batchSize);
            dX = new DeviceBuffer<float>(Columns * batchSize);
            optimizer = OptimizerStep.From(new OptimizerOptions { Kind = kind, WeightDecay = 1e-4 }, 0.01, 1);
        }

        public void Run()
        {
            backend.SparseForward(w, bias, x, y, slopes, batchSize, activation, new Dropout(0.3f, 9));
            backend.SparseForward(w, bias, x, y, batchSize, Activation.Linear);
            var loss = backend.Loss(LossKind.SoftmaxCrossEntropy, y, classes, default, y, Rows, batchSize);
            backend.SparseInputGradient(w, wT, y, slopesX, dX, batchSize);
            norms.Add(loss.LossSum);
            norms.Add(backend.SparseWeightGradient(w, x, y, dW, batchSize));
            norms.Add(backend.SparseWeightUpdate(w, x, y, states[0], states[1], batchSize, optimizer));
            norms.Add(backend.SparseBackward(w, wT, x, y, slopesX, dX, states[0], states[1], batchSize, optimizer));
            norms.Add(backend.BiasUpdate(bias, y, biasStates[0], biasStates[1], batchSize, optimizer));
            if (norms.Count > 90)
            {
                norms.Clear();
            }
        }

        public uint[] Everything() =>
        [
            .. Bits(w.Values.Span), .. Bits(bias), .. Bits(states[0].Span), .. Bits(states[1].Span), .. Bits(dW.Span), .. Bits(y.Span), .. Bits(slopes.Span),
            .. Bits(dX.Span), .. norms.SelectMany(norm => BitConverter.GetBytes(norm)).Select(part => (uint)part),
        ];

        public void Dispose()
        {
            backend.Dispose();
            wT.Dispose();
            w.Dispose();
            foreach (var buffer in new[] { x, slopesX, y, slopes, dX, dW, states[0], states[1] })
            {
                buffer.Dispose();
            }
        }
    }
}
