using SparseService.Engine.Kernels;

namespace SparseService.Engine.Gpu;

/// <summary>Inputs that wait in the host's memory, with their activations before the next layer.</summary>
/// <param name="width">Neurons of the layer that they come from.</param>
/// <param name="ids">Which inputs they are, ascending.</param>
internal sealed class WaitingInputs(int width, int[] ids) : IDisposable
{
    public int Width { get; } = width;

    public int[] Ids { get; } = ids;

    public int Count => Ids.Length;

    /// <summary>[input, neuron].</summary>
    public DeviceBuffer<float> Activations { get; } = new((long)width * ids.Length);

    /// <summary>All of some parts, in their order; the parts are freed.</summary>
    public static WaitingInputs Joined(IReadOnlyList<WaitingInputs> parts)
    {
        if (parts.Count == 1)
        {
            return parts[0];
        }

        var (joined, at) = (new WaitingInputs(parts[0].Width, [.. parts.SelectMany(part => part.Ids)]), 0L);
        foreach (var part in parts)
        {
            using (part)
            {
                using var place = joined.Activations.Window(at, part.Activations.Length);
                part.Activations.CopyTo(place);
                at += part.Activations.Length;
            }
        }

        return joined;
    }

    public void Dispose() => Activations.Dispose();
}
