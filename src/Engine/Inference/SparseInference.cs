using System.Diagnostics;
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
    // The layers in which most inputs die: each thread takes some inputs through all of them before it takes others.
    private protected const int FirstLayers = 16;

    private protected SparseInference(int threads) => Threads = threads;

    /// <summary>As in <c>--backend</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Threads that it works on.</summary>
    public int Threads { get; }

    /// <summary>What it runs on; a device has its own (<see cref="Gpu.DeviceInference"/>).</summary>
    public static IReadOnlyList<string> Backends { get; } = [ReferenceBackend.BackendName, SimdBackend.BackendName];

    /// <summary>Memory of the layers that are run in one go after the first ones.</summary>
    private protected abstract long PartBytes { get; }

    /// <param name="name">One of <see cref="Backends"/>: <c>reference</c> (scalar, the judge) or <c>simd</c>.</param>
    /// <param name="threads">0 = one per processor. Does not change the result.</param>
    /// <param name="options">How <c>simd</c> works; the fastest without it.</param>
    /// <exception cref="ArgumentException">The name is not known.</exception>
    public static SparseInference Create(string name, int threads = 0, InferenceOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        var count = threads == 0 ? Environment.ProcessorCount : threads;
        return name switch
        {
            ReferenceBackend.BackendName => new ReferenceInference(count),
            SimdBackend.BackendName => new DepthFirstInference(count, options ?? new InferenceOptions()),
            _ => throw new ArgumentException($"Backend is '{name}'; allowed: {string.Join(", ", Backends)}", nameof(name)),
        };
    }

    /// <summary>Runs all inputs through all layers.</summary>
    /// <param name="layers">A feed that nobody has taken from. No bias is above 0.</param>
    /// <param name="inputs">At least as wide as the first layer's input; further features are 0.</param>
    /// <exception cref="ArgumentException">Widths do not fit, or a bias is above 0: then nothing could be left out.</exception>
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

        var survivors = End();
        return new InferenceResult(
            survivors, active, connections, Stopwatch.GetElapsedTime(started).TotalSeconds, layers.Waited.TotalSeconds);
    }

    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>Runs the inputs through the first layers.</summary>
    private protected abstract void Begin(IReadOnlyList<CompactLayer> layers, BitRows inputs, Span<long> active);

    /// <summary>Runs what is left through the next layers.</summary>
    private protected abstract void Continue(IReadOnlyList<CompactLayer> layers, Span<long> active);

    /// <summary>The inputs that are left, ascending; frees what the run held.</summary>
    private protected abstract int[] End();

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

/// <summary>How <see cref="SparseInference"/> works on registers.</summary>
/// <param name="Lanes">Inputs that are computed together: 16, 32, 48 or 64; 0 = as many as pay: 64, fewer where layers are wide.</param>
public sealed record InferenceOptions(int Lanes = 0);
