namespace SparseService.Engine.Ilgpu;

/// <summary>The operations of training as C# kernels of ILGPU, on CUDA or OpenCL. What it computes stays there until somebody on the
/// host touches it.</summary>
/// <remarks>Bit-stable from run to run: every number is written by one thread and every sum has a fixed order.</remarks>
public sealed class IlgpuBackend : HostedBackend
{
    private readonly IlgpuDevice device;
    private readonly DeviceScratch<DeviceBytes> scratch;
    private readonly DeviceSteps<DeviceBytes> steps;

    internal IlgpuBackend(IlgpuDevice device, int threads = 1)
        : base(threads)
    {
        this.device = device;
        scratch = new DeviceScratch<DeviceBytes>(device);
        steps = new DeviceSteps<DeviceBytes>(device, scratch);
    }

    public override string Name => OptionalBackend.Ilgpu;

    /// <summary>Makes <c>ilgpu</c> one of the backends of this process; for whoever puts a program together, once.</summary>
    public static void Register() => OptionalBackend.Add(new OptionalBackend(
        OptionalBackend.Ilgpu, () => IlgpuDevice.IsThere, threads => new IlgpuBackend(IlgpuDevice.Choose(), threads),
        threads => new IlgpuInference(IlgpuDevice.Choose(), threads)));

    /// <summary>Where it computes.</summary>
    public override string ToString() => device.ToString();

    public override void Dispose()
    {
        scratch.Dispose();
        base.Dispose();
    }

    internal override void BeginSteps(IReadOnlyDictionary<object, int> slots, ReadOnlySpan<double> sums) => steps.Begin(slots, sums);

    internal override void EndSteps(Span<double> sums) => steps.End(sums);

    private protected override void MakeTieFreeCore(DeviceBuffer<float> weights) =>
        device.Launch(new MakeTieFree(device.ToWrite(weights).Cast<uint>()), weights.Length);

    protected override void SparseForwardCore(
        CsrMatrix w, float[]? bias, DeviceBuffer<float> x, DeviceBuffer<float> y, DeviceBuffer<float>? slopes, int batchSize,
        in Activation activation, in Dropout dropout)
    {
        var call = new ForwardCall(this, w, bias, x, y, slopes, batchSize, dropout);
        activation.Dispatch(ref call);
    }

    protected override void SparseInputGradientCore(
        CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, DeviceBuffer<float>? slopes, DeviceBuffer<float> dX, int batchSize)
    {
        device.Launch(
            new SparseInputGradient(
                batchSize, device.ToRead(wT.ColumnOffsets), device.ToRead(wT.RowIndices), device.ToRead(wT.Positions),
                device.ToRead(w.Values), device.ToRead(dY), device.ToRead(slopes), device.ToWrite(dX, (long)w.Columns * batchSize),
                Grid.Backward),
            w.Columns, batchSize, device.Shapes.Lanes(batchSize));
        GC.KeepAlive(wT);
    }

    // The logarithm is the host's: on CUDA it would need the toolkit's library.
    protected override LossResult SoftmaxCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples)
    {
        var wanted = scratch.Uploaded("classes", classes[..samples]).First<int>(samples);
        var found = scratch.Of("found", 2L * samples * sizeof(float));
        device.Launch(
            new SoftmaxLoss(
                outputs, batchSize, samples, device.ToRead(logits), wanted, device.ToWrite(dLogits, (long)outputs * batchSize),
                found.First<float>(2L * samples)),
            batchSize);
        var sums = scratch.Downloaded<float>(found, 2 * samples);
        return new LossResult(sums.Take(samples).Sum(p => NegativeLogarithm(p)), (int)sums.Skip(samples).Sum());
    }

    protected override double SparseWeightGradientCore(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, DeviceBuffer<float> dW, int batchSize, int samples) =>
        Update(dW, default(KeepGradient), OfWeights(w, x, dY, batchSize, samples, dW, dW, dW));

    protected override double SparseWeightUpdateCore(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, DeviceBuffer<float> state0, DeviceBuffer<float>? state1, int batchSize,
        int samples, in OptimizerStep step) =>
        Update(w, step, OfWeights(w, x, dY, batchSize, samples, w.Values, state0, state1 ?? state0));

    protected override double BiasGradientCore(DeviceBuffer<float> dY, DeviceBuffer<float> db, int batchSize, int samples) =>
        Update(db, default(KeepGradient), OfBiases(dY, batchSize, samples, device.ToWrite(db), device.ToWrite(db), device.ToWrite(db)));

    protected override double BiasUpdateCore(
        float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, int samples, in OptimizerStep step)
    {
        var norm = Update(bias, step, OfBiases(dY, batchSize, samples, ToRead(bias), ToRead(state0), ToRead(state1 ?? state0)));
        steps.Arrays.Changed(bias, state0, state1);
        return norm;
    }

    private UpdateOperands OfWeights(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, int batchSize, int samples, DeviceBuffer<float> parameters,
        DeviceBuffer<float> state0, DeviceBuffer<float> state1) => new(
            w.Rows, batchSize, 1f / samples, device.ToRead(w.RowOffsets), device.ToRead(w.ColumnIndices), device.ToRead(x),
            device.ToRead(dY), device.ToWrite(parameters), device.ToWrite(state0), device.ToWrite(state1));

    private UpdateOperands OfBiases(
        DeviceBuffer<float> dY, int batchSize, int samples, ArrayView<float> biases, ArrayView<float> state0, ArrayView<float> state1) =>
        new((int)biases.Length, batchSize, 1f / samples, default, default, default, device.ToRead(dY), biases, state0, state1);

    private double Update(object owner, in OptimizerStep step, in UpdateOperands operands)
    {
        var call = new UpdateCall(this, owner, operands);
        step.Dispatch(ref call);
        return call.Norm;
    }

    /// <returns>The squared norm of the gradients; 0 while that is added up on the device.</returns>
    private double Update<TOptimizer>(object owner, TOptimizer rule, in UpdateOperands operands)
        where TOptimizer : unmanaged, IOptimizer
    {
        var ((lanes, height), items) = (device.Shapes.SumGroup(operands.Batch), device.Shapes.GroupItems);
        var count = (long)operands.Rows * height;
        var squares = scratch.Of("squares", count * sizeof(double)).First<double>(count);
        device.Launch(new Update<TOptimizer>(operands, rule, squares), count, lanes, lanes);
        return steps.Norm(
            owner, (into, slot) => device.Launch(new AddSum(squares, into.First<double>(slot + 1), slot), 1, items, items));
    }

    private ArrayView<float> ToRead(float[]? array) => array is null ? default : steps.Arrays.ToRead(array).First<float>(array.Length);

    /// <summary>Launches the forward pass as it is compiled for one activation.</summary>
    private readonly struct ForwardCall(
        IlgpuBackend backend, CsrMatrix w, float[]? bias, DeviceBuffer<float> x, DeviceBuffer<float> y, DeviceBuffer<float>? slopes,
        int batchSize, Dropout dropout) : IActivationUser
    {
        public void Use<TActivation>(TActivation activation)
            where TActivation : unmanaged, IActivation
        {
            var (device, written) = (backend.device, (long)w.Rows * batchSize);
            device.Launch(
                new SparseForward<TActivation>(
                    batchSize, device.ToRead(w.RowOffsets), device.ToRead(w.ColumnIndices), device.ToRead(w.Values),
                    backend.ToRead(bias), device.ToRead(x), device.ToWrite(y, bias is null ? 0 : written), device.ToWrite(slopes, written),
                    backend.Grid.Forward, activation, new DropoutMask(dropout)),
                w.Rows, batchSize, device.Shapes.Lanes(batchSize));
        }
    }

    /// <summary>An update as it is compiled for one rule.</summary>
    private struct UpdateCall(IlgpuBackend backend, object owner, UpdateOperands operands) : IOptimizerUser
    {
        public double Norm { get; private set; }

        public void Use<TOptimizer>(TOptimizer rule)
            where TOptimizer : unmanaged, IOptimizer => Norm = backend.Update(owner, rule, operands);
    }
}
