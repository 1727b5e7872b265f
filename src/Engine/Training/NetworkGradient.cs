using SparseService.Engine.Kernels;

namespace SparseService.Engine.Training;

/// <summary>The gradient of one minibatch by all parameters, in one piece of memory. O(nnz + neurons).</summary>
internal sealed unsafe class NetworkGradient : IDisposable
{
    private DeviceBuffer<float> flat;

    public NetworkGradient(SparseNetwork network)
    {
        Layout = ParameterLayout.Of(network);
        flat = Room();
        (Weights, Biases) = Windows();
        Sums = new EpochSums(network.Layers.Count);
    }

    /// <summary>Where the parts stand.</summary>
    public ParameterLayout Layout { get; private set; }

    /// <summary>Per layer: one per connection, in the matrix's order.</summary>
    public IReadOnlyList<DeviceBuffer<float>> Weights { get; private set; }

    /// <summary>Per layer: one per output neuron.</summary>
    public IReadOnlyList<DeviceBuffer<float>> Biases { get; private set; }

    /// <summary>Loss, hits and squares of this minibatch.</summary>
    public EpochSums Sums { get; }

    /// <summary>Updates that the model had seen when this gradient was begun.</summary>
    public long Stamp { get; set; }

    /// <summary>Whether it is computed and waits to be applied.</summary>
    public bool IsHeld { get; set; }

    /// <summary><see cref="ParameterLayout.Length"/> numbers.</summary>
    public float* Pointer => flat.Pointer;

    /// <summary>Makes it one of the network's present pattern: entries of connections that are gone are dropped, new connections have 0.</summary>
    /// <param name="before">The pattern that it was computed on.</param>
    public void MoveTo(SparseNetwork network, NetworkPattern before)
    {
        var (old, oldWeights, oldBiases) = (flat, Weights, Biases);
        Fit(network);
        for (var l = 0; l < Weights.Count; l++)
        {
            before.Layers[l].Carry(oldWeights[l].Pointer, network.Layers[l].Weights, Weights[l].Pointer);
            oldBiases[l].Span.CopyTo(Biases[l].Span);
        }

        old.Dispose();
    }

    /// <summary>Makes room for a network of another pattern; what it held is lost.</summary>
    public void Reset(SparseNetwork network)
    {
        IsHeld = false;
        if (Layout != ParameterLayout.Of(network))
        {
            var old = flat;
            Fit(network);
            old.Dispose();
        }
    }

    public void Dispose() => flat.Dispose();

    private void Fit(SparseNetwork network)
    {
        Layout = ParameterLayout.Of(network);
        flat = Room();
        (Weights, Biases) = Windows();
    }

    // What fills up to whole cache lines travels with the rest: it must be numbers.
    private DeviceBuffer<float> Room()
    {
        var room = new DeviceBuffer<float>(Layout.Length);
        room.Clear();
        return room;
    }

    private (DeviceBuffer<float>[] Weights, DeviceBuffer<float>[] Biases) Windows() => (
        Layout.Weights.Select(part => flat.Window(part.Start, part.Length)).ToArray(),
        Layout.Biases.Select(part => flat.Window(part.Start, part.Length)).ToArray());
}
