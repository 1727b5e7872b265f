using SparseService.Engine.Kernels;

namespace SparseService.Engine.Inference;

/// <summary>What a prediction of many samples writes on: layers with an even index, the input first, and layers with an odd one, since a
/// layer's output is needed by the next one only.</summary>
internal sealed class Minibatch(long even, long odd, int samples) : IDisposable
{
    public DeviceBuffer<float> Even { get; } = new(even * samples);

    public DeviceBuffer<float> Odd { get; } = new(odd * samples);

    public DeviceBuffer<float> this[int layer] => layer % 2 == 0 ? Even : Odd;

    public void Dispose()
    {
        Even.Dispose();
        Odd.Dispose();
    }
}
