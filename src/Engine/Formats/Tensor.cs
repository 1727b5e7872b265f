using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Formats;

/// <summary>A named array of a safetensors file: a view of memory that is written, or memory that was read and belongs to the tensor until
/// it is taken.</summary>
public sealed unsafe class Tensor : IDisposable
{
    private readonly Array? array;
    private readonly byte* pointer;
    private IDisposable? buffer;
    private readonly bool owned;

    private Tensor(string name, string type, IReadOnlyList<long> shape, Array array)
    {
        (Name, Type, Shape, this.array) = (name, type, shape, array);
        Length = array.LongLength;
    }

    private Tensor(string name, string type, IReadOnlyList<long> shape, IDisposable buffer, byte* pointer, long length, bool owned)
    {
        (Name, Type, Shape, this.buffer, Length, this.owned) = (name, type, shape, buffer, length, owned);
        this.pointer = pointer;
    }

    public string Name { get; }

    /// <summary>Element type as safetensors spells it: U8, I32, I64, F32 or F64.</summary>
    public string Type { get; }

    /// <summary>Its product is the number of elements.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Number of elements; may pass 2³¹.</summary>
    public long Length { get; }

    /// <summary>Size of the data in bytes.</summary>
    public long Bytes => Length * ElementBytes(Type);

    /// <summary>A tensor to write. Flags are written as bytes, 0 and 1.</summary>
    public static Tensor Of<T>(string name, T[] data, params long[] shape)
        where T : unmanaged => new(name, TypeName(typeof(T)), shape.Length == 0 ? [data.LongLength] : shape, data);

    /// <summary>A tensor to write, of memory that stays the caller's.</summary>
    public static Tensor Of<T>(string name, DeviceBuffer<T> data)
        where T : unmanaged => new(name, TypeName(typeof(T)), [data.Length], data, (byte*)data.Reading, data.Length, owned: false);

    /// <summary>The elements in managed memory; only below 2³¹ of them.</summary>
    /// <exception cref="InvalidDataException">The tensor has another type.</exception>
    public T[] ToArray<T>()
        where T : unmanaged => array is T[] data ? [.. data] : Native<T>().ToArray();

    /// <summary>Hands over the memory of a tensor that was read, without a copy.</summary>
    /// <exception cref="InvalidDataException">The tensor has another type.</exception>
    public DeviceBuffer<T> Take<T>()
        where T : unmanaged
    {
        var taken = owned
            ? Native<T>()
            : throw new InvalidOperationException($"Tensor {Name} was not read: its memory belongs to somebody else");
        buffer = null;
        return taken;
    }

    /// <summary>Frees memory that was read and not taken.</summary>
    public void Dispose()
    {
        if (owned)
        {
            buffer?.Dispose();
            buffer = null;
        }
    }

    /// <summary>A tensor that was read.</summary>
    internal static Tensor Read<T>(string name, IReadOnlyList<long> shape, DeviceBuffer<T> data)
        where T : unmanaged => new(name, TypeName(typeof(T)), shape, data, (byte*)data.Pointer, data.Length, owned: true);

    internal static int ElementBytes(string type) => type switch
    {
        "U8" => 1,
        "I32" or "F32" => 4,
        "I64" or "F64" => 8,
        _ => 0,
    };

    /// <summary>A window of the data as bytes; safetensors is little-endian, as is every machine that .NET runs on here.</summary>
    internal ReadOnlySpan<byte> Window(long start, int length) => array is not null
        ? MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(array), (nint)start), length)
        : new ReadOnlySpan<byte>(pointer + start, length);

    private DeviceBuffer<T> Native<T>()
        where T : unmanaged => buffer switch
        {
            DeviceBuffer<T> native => native,
            null when array is null => throw new InvalidOperationException($"Tensor {Name} was taken before"),
            _ => throw new InvalidDataException($"Tensor {Name} has elements of {Type}; allowed: {TypeName(typeof(T))}"),
        };

    internal static string TypeName(Type type) => System.Type.GetTypeCode(type) switch
    {
        TypeCode.Byte or TypeCode.Boolean => "U8",
        TypeCode.Int32 => "I32",
        TypeCode.Int64 => "I64",
        TypeCode.Single => "F32",
        TypeCode.Double => "F64",
        _ => throw new ArgumentException($"No safetensors type for {type}", nameof(type)),
    };
}
