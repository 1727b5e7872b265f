namespace SparseService.Engine.Ilgpu;

/// <summary>The operations of training as C# kernels of ILGPU, on CUDA or OpenCL. What it computes stays there until somebody on the
/// host touches it.</summary>
/// <remarks>
/// Bit-stable from run to run: every number is written by one thread and every sum has a fixed order. What only several workers ask
/// for, and losses other than softmax cross-entropy, are computed on the host: <see cref="DeviceBuffer{T}"/> brings their operands home.
/// </remarks>
public sealed unsafe partial class IlgpuBackend : Backend
{
    private readonly IlgpuDevice device;
    private readonly SimdBackend host;
    private readonly ArrayCopies<DeviceBytes> arrays;
    private readonly DeviceScratch<DeviceBytes> scratch;

    internal IlgpuBackend(IlgpuDevice device, int threads = 1)
    {
        this.device = device;
        host = new SimdBackend(threads);
        arrays = new ArrayCopies<DeviceBytes>(device);
        scratch = new DeviceScratch<DeviceBytes>(device);
        Threads = threads;
    }

    public override string Name => OptionalBackend.Ilgpu;

    public override bool IsDevice => true;

    /// <summary>Makes <c>ilgpu</c> one of the backends of this process; for whoever puts a program together, once.</summary>
    public static void Register() => OptionalBackend.Add(new OptionalBackend(
        OptionalBackend.Ilgpu, () => IlgpuDevice.IsThere, threads => new IlgpuBackend(IlgpuDevice.Choose(), threads),
        threads => new IlgpuInference(IlgpuDevice.Choose(), threads)));

    /// <summary>Where it computes.</summary>
    public override string ToString() => device.ToString();

    public override void Dispose()
    {
        scratch.Dispose();
        host.Dispose();
        base.Dispose();
    }

    internal override void RunBlocks<TWork>(ref TWork work, int count) => host.RunBlocks(ref work, count);

    private int Lanes(int batchSize) => device.Shape.Lanes(batchSize);

    private ArrayView<T> ToRead<T>(DeviceBuffer<T> buffer)
        where T : unmanaged => DeviceCopy<DeviceBytes>.Of(buffer, device).ToRead().First<T>(buffer.Length);

    /// <param name="overwrites">So many elements at the front are written whatever they were; 0: they are changed.</param>
    private ArrayView<T> ToWrite<T>(DeviceBuffer<T> buffer, long overwrites = 0)
        where T : unmanaged => DeviceCopy<DeviceBytes>.Of(buffer, device).ToWrite(overwrites * sizeof(T)).First<T>(buffer.Length);

    private ArrayView<float> ToRead(float[]? array) => array is null ? default : arrays.ToRead(array).First<float>(array.Length);
}
