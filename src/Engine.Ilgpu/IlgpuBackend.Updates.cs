namespace SparseService.Engine.Ilgpu;

public sealed unsafe partial class IlgpuBackend
{
    private IReadOnlyDictionary<object, int> slots = new Dictionary<object, int>();
    private DeviceBytes? totals;

    internal override void BeginSteps(IReadOnlyDictionary<object, int> slots, ReadOnlySpan<double> sums)
    {
        this.slots = slots;
        totals = scratch.Uploaded("totals", sums);
        arrays.Begin();
    }

    internal override void EndSteps(Span<double> sums)
    {
        var added = scratch.Downloaded<double>(totals!, sums.Length);
        foreach (var slot in slots.Values)
        {
            sums[slot] = added[slot];
        }

        slots = new Dictionary<object, int>();
        arrays.End();
    }

    private protected override void MakeTieFreeCore(DeviceBuffer<float> weights) =>
        device.Launch(new MakeTieFree(ToWrite(weights).Cast<uint>()), weights.Length);

    protected override double SparseWeightGradientCore(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, DeviceBuffer<float> dW, int batchSize, int samples) =>
        new Gradients(this, w, x, dY, w.Rows, batchSize, samples, dW).Launch(new KeepGradient(ToWrite(dW, w.Nnz)));

    protected override double SparseWeightUpdateCore(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, DeviceBuffer<float> state0, DeviceBuffer<float>? state1, int batchSize,
        int samples, in OptimizerStep step) => Updated(
            new Gradients(this, w, x, dY, w.Rows, batchSize, samples, w), ToWrite(w.Values), ToWrite(state0),
            state1 is null ? default : ToWrite(state1), step);

    protected override double BiasGradientCore(DeviceBuffer<float> dY, DeviceBuffer<float> db, int batchSize, int samples) =>
        new Gradients(this, null, null, dY, (int)db.Length, batchSize, samples, db).Launch(new KeepGradient(ToWrite(db, db.Length)));

    protected override double BiasUpdateCore(
        float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, int samples, in OptimizerStep step)
    {
        var norm = Updated(
            new Gradients(this, null, null, dY, bias.Length, batchSize, samples, bias), ToRead(bias), ToRead(state0), ToRead(state1), step);
        foreach (var array in step.StateSlots > 1 ? [bias, state0, state1!] : (float[][])[bias, state0])
        {
            arrays.Changed(array);
        }

        return norm;
    }

    private static double Updated(
        Gradients gradients, ArrayView<float> parameters, ArrayView<float> state0, ArrayView<float> state1, in OptimizerStep step)
    {
        var call = new UpdateCall(gradients, parameters, state0, state1);
        step.Dispatch(ref call);
        return call.Norm;
    }

    private ArrayView<double> Squares(int length) => scratch.Of("squares", (long)length * sizeof(double)).First<double>(length);

    /// <summary>Adds up the squares that a launch has left: on the device while steps are under way, else for the caller.</summary>
    /// <param name="owner">What is updated, which has the slot.</param>
    private double Norm(object owner, int length)
    {
        var isDeferred = slots.TryGetValue(owner, out var slot);
        var into = isDeferred ? totals! : scratch.Uploaded<double>("norm", [0]);
        device.Launch(new AddSum(Squares(length), into.First<double>(slot + 1), slot), device.Shape.Items);
        return isDeferred ? 0 : scratch.Downloaded<double>(into, 1)[0];
    }

    /// <summary>Sums over samples, to be launched with what becomes of them: one for each connection, or without connections for each
    /// row of dY.</summary>
    private readonly struct Gradients(
        IlgpuBackend backend, CsrMatrix? w, DeviceBuffer<float>? x, DeviceBuffer<float> dY, int rows, int batchSize, int samples,
        object owner)
    {
        /// <returns>The sum of their squares; 0 while that is added up on the device.</returns>
        public double Launch<TUse>(TUse use)
            where TUse : struct, IGradientUse
        {
            var (lanes, scale) = (backend.Lanes(batchSize), 1f / samples);
            var runs = w is null ? rows : checked((int)((w.Nnz + WeightSums<TUse>.Run - 1) / WeightSums<TUse>.Run));
            var (gradients, squares) = (backend.ToRead(dY), backend.Squares(runs));
            if (w is null)
            {
                backend.device.Launch(new BiasSums<TUse>(rows, batchSize, gradients, scale, use, squares), runs, lanes, lanes);
            }
            else
            {
                var (offsets, columns) = (backend.ToRead(w.RowOffsets), backend.ToRead(w.ColumnIndices));
                backend.device.Launch(
                    new WeightSums<TUse>(rows, batchSize, offsets, columns, backend.ToRead(x!), gradients, scale, use, squares),
                    runs, lanes, lanes);
            }

            return backend.Norm(owner, runs);
        }
    }

    /// <summary>Launches gradients as they are compiled for one update rule.</summary>
    private struct UpdateCall(
        Gradients gradients, ArrayView<float> parameters, ArrayView<float> state0, ArrayView<float> state1) : IOptimizerUser
    {
        public double Norm { get; private set; }

        public void Use<TOptimizer>(TOptimizer optimizer)
            where TOptimizer : unmanaged, IOptimizer =>
            Norm = gradients.Launch(new Update<TOptimizer>(parameters, state0, state1, optimizer));
    }
}
