using SparseService.Engine.Data;

namespace SparseService.Engine.Kernels;

// Minibatch out of a sample store, see MinibatchGather.
public abstract partial class Backend
{
    /// <summary>Gathers samples to where this backend computes; see <see cref="SampleStore.Gather"/>.</summary>
    /// <param name="x">[feature, sample]; at least features·batchSize long.</param>
    internal void Gather(
        SampleStore data, ReadOnlySpan<int> rows, ReadOnlySpan<float> shift, ReadOnlySpan<float> scale, DeviceBuffer<float> x, int batchSize)
    {
        RequireLength(x.Length, data.Features, batchSize, nameof(x));
        GatherCore(data, rows, shift, scale, x, batchSize);
        GC.KeepAlive(x);
    }

    /// <summary>Gathers the bytes of samples, transposed as they are; behind the last row, that one again.</summary>
    /// <param name="data">Of bytes.</param>
    /// <param name="x">Of the data's features, with room for the minibatch.</param>
    internal void Gather(SampleStore data, ReadOnlySpan<int> rows, ByteInput x, int batchSize)
    {
        RequireLength(x.Raw.Length, data.Features, batchSize, nameof(x));
        data.GatherBytes(rows, x.Raw, batchSize, this);
        GC.KeepAlive(x);
    }

    private protected virtual void GatherCore(
        SampleStore data, ReadOnlySpan<int> rows, ReadOnlySpan<float> shift, ReadOnlySpan<float> scale, DeviceBuffer<float> x, int batchSize) =>
        data.Gather(rows, shift, scale, x.Slice(0, batchSize * data.Features), batchSize, this);
}
