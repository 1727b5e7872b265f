using SparseService.Engine.Gpu;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Kernels;

/// <summary>A device that can run every operation of training. The operations stand one per file beside this one.</summary>
/// <remarks>
/// One caller at a time, but see <see cref="TakesSeveralCallers"/>. Buffers may be longer than an operation needs; what lies beyond is neither read nor written.
/// Inputs and outputs must be different buffers unless an operation says otherwise. Matrices are trusted: see
/// <see cref="Sparse.CsrMatrix.Check"/>.
/// </remarks>
public abstract partial class Backend : IDisposable
{
    private const string ForceVariable = "SPARSE_BACKEND";

    private protected Backend()
    {
    }

    /// <summary>Names of all backends of this build, also of those that this machine cannot run.</summary>
    public static IReadOnlyList<string> Names =>
    [
        ReferenceBackend.BackendName, SimdBackend.BackendName, .. DeviceBackend.DeviceNames, .. OptionalBackend.All.Select(one => one.Name),
    ];

    /// <summary>Names of what this machine can run; the first one is the judge of the others. Looks for devices when first asked.</summary>
    public static IReadOnlyList<string> Available =>
    [
        ReferenceBackend.BackendName,
        SimdBackend.BackendName,
        .. DeviceBackend.DeviceNames.Where(name => GpuDevice.All.Any(device => device.ApiName == name)),
        .. OptionalBackend.Usable,
    ];

    /// <summary>As in <c>--backend</c>: <c>reference</c>, <c>simd</c>, <c>opencl</c>, <c>cuda</c> or <c>ilgpu</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Threads that it works on.</summary>
    public int Threads { get; private protected init; } = 1;

    /// <summary>Whether several may call <see cref="Probabilities"/> and the forward product of inference at once.</summary>
    public virtual bool TakesSeveralCallers => false;

    /// <summary>Whether a first layer is computed faster from a store's bytes than from floats.</summary>
    /// <param name="batchSize">Of training, padded.</param>
    internal virtual bool ReadsBytes(int features, int batchSize) => false;

    /// <summary>Whether it computes on a device of its own, alone: several workers cannot share it.</summary>
    public virtual bool IsDevice => false;

    /// <summary>How preactivations and input gradients are added up from now on, default: as floats. Whoever trains sets it layer by layer.</summary>
    internal SumGrid Grid { get; set; }

    /// <summary>What changes the connections where this backend has them.</summary>
    internal virtual TopologyWork Topology => TopologyWork.OnHost;

    /// <summary>Creates a backend by name.</summary>
    /// <param name="name">
    /// <c>reference</c> (scalar, the judge), <c>simd</c>, <c>opencl</c> or <c>cuda</c> (a device, see <see cref="GpuDevice.Choose(string)"/>) or
    /// one of <see cref="OptionalBackend"/>; null takes what the environment variable SPARSE_BACKEND names, or else <c>simd</c>.
    /// </param>
    /// <param name="threads">Threads over rows; results do not depend on it. 0 = one per processor.</param>
    /// <exception cref="ArgumentException">The name is not known; the message lists the names.</exception>
    /// <exception cref="DeviceException">There is no device, or it does not answer, or this build cannot use it.</exception>
    public static Backend Create(string? name = null, int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        var count = threads == 0 ? Environment.ProcessorCount : threads;
        var forced = Environment.GetEnvironmentVariable(ForceVariable);
        var source = name is null && !string.IsNullOrEmpty(forced) ? ForceVariable : nameof(name);
        var wanted = name ?? (string.IsNullOrEmpty(forced) ? SimdBackend.BackendName : forced);
        return wanted switch
        {
            ReferenceBackend.BackendName => new ReferenceBackend(),
            SimdBackend.BackendName => new SimdBackend(count),
            OpenClApi.ApiName or CudaApi.ApiName => new DeviceBackend(GpuDevice.Choose(wanted), count),
            _ => OptionalBackend.Find(wanted)?.Create(count)
                ?? throw new ArgumentException($"Backend {source} is '{wanted}'; allowed: {string.Join(", ", Names)}"),
        };
    }

    /// <summary>Creates the backend that options ask for.</summary>
    /// <param name="otherwise">For options that name none; null as in <see cref="Create"/>. A device trains alone: several workers get
    /// <c>simd</c> in its place.</param>
    /// <inheritdoc cref="Create"/>
    public static Backend For(TrainingOptions options, string? otherwise, int threads = 0)
    {
        var name = options.Backend is { } kind ? kind.ToString().ToLowerInvariant() : otherwise;
        var isDevice = Enum.TryParse<BackendKind>(name, ignoreCase: true, out var wanted) && wanted.IsDevice();
        return Create(isDevice && options.Parallel is not null ? SimdBackend.BackendName : name, threads);
    }

    /// <summary>Executes blocks 0 to count − 1, on the backend's threads if it has some.</summary>
    internal virtual void RunBlocks<TWork>(ref TWork work, int count)
        where TWork : unmanaged, IBlockWork
    {
        for (var block = 0; block < count; block++)
        {
            work.Execute(block);
        }
    }

    public virtual void Dispose() => GC.SuppressFinalize(this);

    private static void RequireLength(long length, long neurons, int batchSize, string buffer)
    {
        if (length < neurons * batchSize)
        {
            throw new ArgumentException(
                $"{buffer} has {length} elements; allowed: at least neurons·batchSize = {neurons}·{batchSize} = {neurons * batchSize}",
                buffer);
        }
    }

    /// <summary>Kernels trust the offsets: those of freed memory would lead anywhere.</summary>
    private static void RequireAlive(CsrMatrix w) => ObjectDisposedException.ThrowIf(w.RowOffsets.Length == 0, w);

    /// <summary>Ends an operation: until here nothing that it works on may be finalised, whatever the caller still needs of it.</summary>
    private static void KeepAlive(
        CsrMatrix? w, DeviceBuffer<float>? first, DeviceBuffer<float>? second = null, DeviceBuffer<float>? third = null, DeviceBuffer<float>? fourth = null)
    {
        GC.KeepAlive(w);
        GC.KeepAlive(first);
        GC.KeepAlive(second);
        GC.KeepAlive(third);
        GC.KeepAlive(fourth);
    }

    private static void RequirePadding(int padding, int batchSize)
    {
        if ((uint)padding >= (uint)batchSize)
        {
            throw new ArgumentOutOfRangeException(nameof(padding), padding, $"Samples that are only padding; allowed: 0 to batchSize − 1 = {batchSize - 1}");
        }
    }

    private static void RequireExactly(long length, long expected, string array, string expectedName)
    {
        if (length != expected)
        {
            throw new ArgumentException($"{array} has {length} elements; allowed: {expectedName} = {expected}", array);
        }
    }

    private static void RequireDistinct(DeviceBuffer<float> output, object other, string outputName, string otherName)
    {
        if (ReferenceEquals(output, other))
        {
            throw new ArgumentException($"{outputName} and {otherName} are the same buffer; allowed: different ones", outputName);
        }
    }

    private static void RequireState(long state0, long? state1, long parameters, in Elementwise.OptimizerStep step)
    {
        RequireExactly(state0, parameters, nameof(state0), "parameters");
        if (step.StateSlots > 1)
        {
            RequireExactly(state1 ?? 0, parameters, nameof(state1), "parameters, for Adam");
        }
    }
}
