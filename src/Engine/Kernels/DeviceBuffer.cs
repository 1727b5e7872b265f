using System.Runtime.InteropServices;

namespace SparseService.Engine.Kernels;

/// <summary>Memory that a backend computes on. For the CPU backends: native memory, aligned to a cache line so that a SIMD
/// load never straddles two.</summary>
/// <remarks>Not zeroed. Activations are feature-major: element (neuron, sample) of a minibatch stands at neuron·batchSize +
/// sample.</remarks>
public sealed unsafe class DeviceBuffer<T> : IDisposable
    where T : unmanaged
{
    private const int Alignment = 64;

    public DeviceBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        Pointer = (T*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, length) * (nuint)sizeof(T), Alignment);
        GC.AddMemoryPressure(Math.Max(1, length) * sizeof(T));
    }

    ~DeviceBuffer() => Free();

    public long Length { get; }

    public T* Pointer { get; private set; }

    /// <summary>The whole buffer; only for lengths below 2³¹.</summary>
    public Span<T> Span => new(Pointer, checked((int)Length));

    /// <summary>Row <paramref name="neuron"/> of a feature-major minibatch.</summary>
    public Span<T> Row(long neuron, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(neuron);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((neuron + 1) * batchSize, Length);
        return new Span<T>(Pointer + (neuron * batchSize), batchSize);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Pointer == null)
        {
            return;
        }

        NativeMemory.AlignedFree(Pointer);
        GC.RemoveMemoryPressure(Math.Max(1, Length) * sizeof(T));
        Pointer = null;
    }
}
