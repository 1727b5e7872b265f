namespace SparseService.Engine.Kernels;

// Which neurons of a layer ever had an output other than 0.
//
//   Y  neurons × batchSize
public abstract partial class Backend
{
    /// <summary>Marks the neurons that have an output other than 0 for one of the samples; marks that are there stay.</summary>
    /// <param name="y">[everActive.Length, batchSize].</param>
    /// <param name="samples">Those behind them are padding.</param>
    internal void MarkActive(bool[] everActive, DeviceBuffer<float> y, int samples, int batchSize)
    {
        RequireLength(y.Length, everActive.Length, batchSize, nameof(y));
        MarkActiveCore(everActive, y, samples, batchSize);
        GC.KeepAlive(y);
    }

    // Ends at a neuron's first output other than 0, so that it costs next to nothing beside the forward pass.
    private protected virtual void MarkActiveCore(bool[] everActive, DeviceBuffer<float> y, int samples, int batchSize)
    {
        for (var neuron = 0; neuron < everActive.Length; neuron++)
        {
            everActive[neuron] = everActive[neuron] || y.Row(neuron, batchSize)[..samples].ContainsAnyExcept(0f);
        }
    }
}
