using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SparseService.Engine.Kernels;

/// <summary>Memory that a backend computes on, or that a matrix is stored in. For the CPU backends: native memory, aligned to a cache line
/// so that a SIMD load never straddles two, and to a large page from 4 MiB on. Its length may be far over 2³¹. A backend on a device keeps a copy
/// there and leaves it there until somebody touches the host's.</summary>
/// <remarks>Not zeroed, but behind its capacity stands one element that is 0. Activations are feature-major: element (neuron, sample) of a minibatch stands at neuron·batchSize +
/// sample. Whoever works on <see cref="Pointer"/> or <see cref="Span"/> keeps the buffer itself alive until then.</remarks>
public sealed unsafe class DeviceBuffer<T> : IDisposable
    where T : unmanaged
{
    private const int CacheLine = 64;

    private readonly long bytes;
    private readonly DeviceBuffer<T>? whole;
    private T* memory;

    public DeviceBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        Capacity = length;
        bytes = checked((length + 1) * sizeof(T));
        var large = bytes >= HugePages.SmallestBytes;
        memory = (T*)NativeMemory.AlignedAlloc((nuint)bytes, (nuint)(large ? HugePages.PageBytes : CacheLine));
        memory[length] = default;
        GC.AddMemoryPressure(bytes);
        if (large)
        {
            HugePages.Advise(memory, bytes);
        }
    }

    /// <summary>Copies <paramref name="items"/>.</summary>
    public DeviceBuffer(ReadOnlySpan<T> items)
        : this(items.Length) => items.CopyTo(Span);

    private DeviceBuffer(DeviceBuffer<T> whole, long start, long length)
    {
        this.whole = whole;
        Length = length;
        Capacity = length;
        memory = whole.Pointer + start;
        GC.SuppressFinalize(this);
    }

    ~DeviceBuffer() => Free();

    /// <summary>Elements in use; 0 once the memory is freed, so that every check of a length refuses it.</summary>
    public long Length { get; private set; }

    /// <summary>Elements that there is room for.</summary>
    public long Capacity { get; private set; }

    /// <summary>The first element. Where a device has newer ones, they are fetched first.</summary>
    public T* Pointer => OnDevice is null ? memory : BroughtHome();

    /// <summary>The first element, to be read only. Where a device has newer ones, they are fetched, and need not be sent again.</summary>
    internal T* Reading
    {
        get
        {
            OnDevice?.Show();
            return memory;
        }
    }

    /// <summary>What a device knows of this buffer; null while it has been on none.</summary>
    internal IDeviceCopy? OnDevice { get; set; }

    /// <summary>Where the host keeps the elements, whoever has the newest.</summary>
    internal T* HostMemory => memory;

    /// <summary>Whether the memory is another buffer's, which a device's copy would know nothing of.</summary>
    internal bool IsWindow => whole is not null;

    /// <summary>The whole buffer; only for lengths below 2³¹.</summary>
    public Span<T> Span => new(Pointer, checked((int)Length));

    /// <exception cref="ArgumentOutOfRangeException">Below 0, or not below <see cref="Length"/>.</exception>
    public ref T this[long index]
    {
        get
        {
            if ((ulong)index >= (ulong)Length)
            {
                throw new ArgumentOutOfRangeException(nameof(index), index, $"Position in a buffer; allowed: 0 to {Length - 1}");
            }

            return ref Pointer[index];
        }
    }

    /// <summary>Row <paramref name="neuron"/> of a feature-major minibatch.</summary>
    public Span<T> Row(long neuron, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(neuron);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((neuron + 1) * batchSize, Length);
        return new Span<T>(Pointer + (neuron * batchSize), batchSize);
    }

    /// <summary>A part of the buffer, for what takes spans and nothing longer.</summary>
    public Span<T> Slice(long start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Length - length);
        return new Span<T>(Pointer + start, length);
    }

    /// <summary>A part of this buffer as one of its own: the memory stays this one's, and what stands behind the part is not its own.</summary>
    internal DeviceBuffer<T> Window(long start, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Length - length);
        return new DeviceBuffer<T>(this, start, length);
    }

    /// <summary>Copies all elements into another buffer of the same length.</summary>
    internal void CopyTo(DeviceBuffer<T> other)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.Length, Length);
        Buffer.MemoryCopy(Pointer, other.Pointer, Length * sizeof(T), Length * sizeof(T));
        GC.KeepAlive(this);
    }

    /// <summary>A buffer of its own, with room for no more than the elements in use.</summary>
    internal DeviceBuffer<T> Copy()
    {
        var copy = new DeviceBuffer<T>(Length);
        CopyTo(copy);
        return copy;
    }

    /// <summary>Sets every element to 0.</summary>
    public void Clear() => NativeMemory.Clear(Pointer, (nuint)(Length * sizeof(T)));

    /// <summary>A managed copy; only for lengths below 2³¹.</summary>
    public T[] ToArray()
    {
        var copy = Span.ToArray();
        GC.KeepAlive(this);
        return copy;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Uses fewer or, up to <see cref="Capacity"/>, more elements. The memory stays, and what is in it.</summary>
    internal void Resize(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Capacity);
        Length = length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private T* BroughtHome()
    {
        OnDevice!.BringHome();
        return memory;
    }

    private void Free()
    {
        if (memory == null)
        {
            return;
        }

        OnDevice?.Dispose();
        OnDevice = null;
        if (whole is null)
        {
            NativeMemory.AlignedFree(memory);
            GC.RemoveMemoryPressure(bytes);
        }

        memory = null;
        (Length, Capacity) = (0, 0);
    }
}
