namespace SparseService.Engine.Kernels;

/// <summary>The first layer's input as the bytes that a store holds: x[f, s] = scale[f]·raw[f, s] + offset[f] with offset = −shift·scale, rounded
/// once where the processor can. A fourth of the memory that connections would read as floats.</summary>
public sealed unsafe class ByteInput : IDisposable
{
    /// <param name="shift">Per feature: subtracted first, as in <see cref="Data.Normalization"/>.</param>
    /// <param name="scale">Per feature.</param>
    /// <param name="most">Samples of the largest minibatch, padded.</param>
    /// <exception cref="ArgumentOutOfRangeException">Shift and scale differ in length.</exception>
    public ByteInput(ReadOnlySpan<float> shift, ReadOnlySpan<float> scale, int most)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(shift.Length, scale.Length);
        Scale = new DeviceBuffer<float>(scale);
        Offset = new DeviceBuffer<float>(scale.Length);
        for (var feature = 0; feature < scale.Length; feature++)
        {
            Offset.Pointer[feature] = -shift[feature] * scale[feature];
        }

        Raw = new DeviceBuffer<byte>((long)scale.Length * most);
    }

    /// <summary>[feature, sample], a minibatch's samples side by side whatever the room.</summary>
    public DeviceBuffer<byte> Raw { get; }

    /// <summary>One per feature.</summary>
    public DeviceBuffer<float> Scale { get; }

    /// <summary>One per feature.</summary>
    public DeviceBuffer<float> Offset { get; }

    internal ByteRows Rows => new(Raw.Pointer, Scale.Pointer, Offset.Pointer);

    /// <summary>The numbers, [feature, sample], in a buffer that is the caller's to dispose.</summary>
    /// <param name="batchSize">Samples of the minibatch, padded, at most those that there is room for.</param>
    public DeviceBuffer<float> ToFloats(int batchSize)
    {
        var values = new DeviceBuffer<float>(Scale.Length * batchSize);
        for (var feature = 0L; feature < Scale.Length; feature++)
        {
            for (var sample = feature * batchSize; sample < (feature + 1) * batchSize; sample++)
            {
                values.Pointer[sample] = float.MultiplyAddEstimate(Raw.Pointer[sample], Scale.Pointer[feature], Offset.Pointer[feature]);
            }
        }

        GC.KeepAlive(this);
        return values;
    }

    public void Dispose()
    {
        Raw.Dispose();
        Scale.Dispose();
        Offset.Dispose();
    }
}
