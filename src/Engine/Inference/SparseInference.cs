using System.Diagnostics;
using SparseService.Engine.Gpu;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Inference;

/// <summary>What a network makes of many inputs, layer after layer, when only those matter whose output is not all 0.</summary>
/// <param name="Survivors">Inputs whose last output is not all 0, ascending from 0.</param>
/// <param name="Active">Inputs that enter each layer: those that were not all 0 before it.</param>
/// <param name="Connections">Of each layer.</param>
/// <param name="Seconds">From the inputs' bits to the survivors.</param>
/// <param name="WaitedSeconds">Of these, waiting for layers that were not there yet.</param>
public sealed record InferenceResult(
    IReadOnlyList<int> Survivors, IReadOnlyList<long> Active, IReadOnlyList<long> Connections, double Seconds, double WaitedSeconds)
{
    /// <summary>Multiply-adds that had to be done: connections of a layer, for each input that entered it.</summary>
    public double ExecutedEdges => Active.Zip(Connections, (active, connections) => (double)active * connections).Sum();

    /// <summary>Connections of the whole network.</summary>
    public long Edges => Connections.Sum();
}

/// <summary>Runs inputs of 0 and 1 through a network, and leaves out inputs whose activations have all become 0.</summary>
/// <remarks>One run at a time. Results of different backends may differ where rounding decides whether an activation is above 0.</remarks>
public abstract class SparseInference : IDisposable
{
    private protected SparseInference(int threads) => Threads = threads;

    /// <summary>As in <c>--backend</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Threads that it works on.</summary>
    public int Threads { get; }

    /// <summary>What it works on, for people.</summary>
    public virtual string Place => $"{Threads} thread(s)";

    /// <summary>What it runs on in this build, also what this machine has not.</summary>
    public static IReadOnlyList<string> Backends => Backend.Names;

    /// <summary>What this machine can run. Looks for devices when first asked.</summary>
    public static IReadOnlyList<string> Available => Backend.Available;

    /// <summary>The layers in which most inputs die: some inputs go through all of them before others do.</summary>
    private protected virtual int FirstLayers => 16;

    /// <summary>Memory of the layers that are run in one go after the first ones.</summary>
    private protected abstract long PartBytes { get; }

    /// <param name="name">One of <see cref="Backends"/>: <c>reference</c> (scalar, the judge), <c>simd</c>, <c>opencl</c> or <c>cuda</c>
    /// (devices, see <see cref="GpuDevice.Choose(int, string)"/>), or an optional one.</param>
    /// <param name="threads">0 = one per processor; <c>opencl</c> and <c>cuda</c> have one for each device. Does not change the result.</param>
    /// <param name="options">How it works; the fastest without it.</param>
    /// <exception cref="ArgumentException">The name is not known.</exception>
    /// <exception cref="DeviceException">There is no device, or not so many, or it does not answer, or this build cannot use it.</exception>
    public static SparseInference Create(string name, int threads = 0, InferenceOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        var count = threads == 0 ? Environment.ProcessorCount : threads;
        return name switch
        {
            ReferenceBackend.BackendName => new ReferenceInference(count),
            SimdBackend.BackendName => new DepthFirstInference(count, options ?? new InferenceOptions()),
            OpenClApi.ApiName or CudaApi.ApiName => new DeviceInference(GpuDevice.Choose(options?.Devices ?? 1, name)),
            _ => OptionalBackend.Find(name)?.CreateInference(count) ?? throw new ArgumentException(
                $"Backend is '{name}'; allowed: {string.Join(", ", Backends)}", nameof(name)),
        };
    }

    /// <summary>Runs all inputs through all layers.</summary>
    /// <param name="layers">A feed that nobody has taken from. No bias is above 0.</param>
    /// <param name="inputs">At least as wide as the first layer's input; further features are 0.</param>
    /// <exception cref="ArgumentException">Widths do not fit, or a bias is above 0: then nothing could be left out.</exception>
    /// <exception cref="DeviceException">A device has not enough memory, or is lost.</exception>
    public InferenceResult Run(LayerFeed layers, BitRows inputs)
    {
        if (inputs.Width < layers.Inputs || inputs.Width - layers.Inputs >= 64)
        {
            throw new ArgumentException($"inputs have {inputs.Width} features; allowed: {layers.Inputs}, rounded up to 64", nameof(inputs));
        }

        var started = Stopwatch.GetTimestamp();
        var connections = new List<long>();
        var active = new long[layers.Count];
        var width = layers.Inputs;
        Prepare(layers, inputs);
        for (var part = layers.Take(FirstLayers, long.MaxValue); part.Count > 0; part = layers.Take(int.MaxValue, PartBytes))
        {
            foreach (var layer in part)
            {
                Require(layer, connections.Count, width);
                width = layer.Outputs;
            }

            var activeOfPart = active.AsSpan(connections.Count, part.Count);
            if (connections.Count == 0)
            {
                Begin(part, inputs, activeOfPart);
            }
            else
            {
                Continue(part, activeOfPart);
            }

            connections.AddRange(part.Select(layer => layer.Nnz));
            layers.GiveBack(part);
        }

        var survivors = End(active);
        return new InferenceResult(
            survivors, active, connections, Stopwatch.GetElapsedTime(started).TotalSeconds, layers.Waited.TotalSeconds);
    }

    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>Begins a run, before the first layers are taken.</summary>
    private protected virtual void Prepare(LayerFeed layers, BitRows inputs)
    {
    }

    /// <summary>Runs the inputs through the first layers.</summary>
    /// <param name="active">Inputs that enter each of these layers; to be told here or at the <see cref="End"/>.</param>
    private protected abstract void Begin(IReadOnlyList<CompactLayer> layers, BitRows inputs, Span<long> active);

    /// <summary>Runs what is left through the next layers.</summary>
    /// <inheritdoc cref="Begin"/>
    private protected abstract void Continue(IReadOnlyList<CompactLayer> layers, Span<long> active);

    /// <summary>The inputs that are left, ascending; frees what the run held.</summary>
    /// <param name="active">Inputs that enter each layer, of all layers, as far as they have been told.</param>
    private protected abstract int[] End(Span<long> active);

    private static void Require(CompactLayer layer, int index, int width)
    {
        if (layer.Inputs != width)
        {
            throw new ArgumentException($"Layer {index} has {layer.Inputs} inputs; allowed: {width}, the outputs of the one before it");
        }

        if (!layer.KeepsZero)
        {
            throw new ArgumentException($"Layer {index} has a bias above 0; allowed: at most 0");
        }
    }
}

/// <summary>How <see cref="SparseInference"/> works.</summary>
/// <param name="Lanes">Of <c>simd</c>: inputs that are computed together, 16, 32, 48 or 64; 0 = as many as pay: 64, fewer where layers
/// are wide.</param>
/// <param name="Devices">Of <c>opencl</c> and <c>cuda</c>: devices that share the inputs, each with all the weights.</param>
public sealed record InferenceOptions(int Lanes = 0, int Devices = 1);
