namespace SparseService.Engine.Gpu;

/// <summary>What inputs on their way through the layers need of a device besides the layers.</summary>
/// <param name="inputs">Most inputs.</param>
/// <param name="floats">Most activations of them between two layers.</param>
/// <param name="layers">Of the network.</param>
internal sealed class InferenceBuffers(GpuDevice device, int inputs, long floats, int layers) : IDisposable
{
    public int Inputs { get; } = inputs;

    public long Floats { get; } = floats;

    /// <summary>Activations before the next layer.</summary>
    public DeviceMemory X { get; private set; } = new(device, floats * sizeof(float));

    /// <summary>Activations behind it.</summary>
    public DeviceMemory Y { get; private set; } = new(device, floats * sizeof(float));

    /// <summary>Where the inputs that are left stand in <see cref="X"/>.</summary>
    public DeviceMemory List { get; } = new(device, (long)inputs * sizeof(int));

    public DeviceMemory Alive { get; } = new(device, (long)inputs * sizeof(int));

    /// <summary>Which inputs they are.</summary>
    public DeviceMemory Ids { get; private set; } = new(device, (long)inputs * sizeof(int));

    public DeviceMemory NextIds { get; private set; } = new(device, (long)inputs * sizeof(int));

    /// <summary>How many inputs enter each layer; one more.</summary>
    public DeviceMemory Counts { get; } = new(device, (layers + 1L) * sizeof(int));

    public int Layers { get; } = layers;

    public void Swap() => (X, Y, Ids, NextIds) = (Y, X, NextIds, Ids);

    public void Dispose()
    {
        foreach (var memory in new[] { X, Y, List, Alive, Ids, NextIds, Counts })
        {
            memory.Dispose();
        }
    }
}
