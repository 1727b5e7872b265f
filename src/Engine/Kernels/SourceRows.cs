using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

/// <summary>Rows that connections read, [source, sample], as a type: loops are written once for floats and for bytes.</summary>
internal unsafe interface ISourceRows
{
    /// <summary>Bytes of an element.</summary>
    static abstract int ElementSize { get; }

    /// <summary>Whether an element becomes a number by its row's scale and offset.</summary>
    static abstract bool IsAffine { get; }

    /// <summary>The first row.</summary>
    byte* Start { get; }

    /// <summary>One per row; nothing unless <see cref="IsAffine"/>.</summary>
    float* Scale { get; }

    /// <summary>One per row; nothing unless <see cref="IsAffine"/>.</summary>
    float* Offset { get; }

    /// <summary>Elements of a row from <paramref name="place"/>, as they are.</summary>
    static abstract TLanes Load<TLanes>(byte* row, long place)
        where TLanes : unmanaged, ILanes<TLanes>;
}

/// <summary>Rows of numbers.</summary>
internal readonly unsafe struct FloatRows(float* start) : ISourceRows
{
    public static int ElementSize => sizeof(float);

    public static bool IsAffine => false;

    public byte* Start => (byte*)start;

    public float* Scale => null;

    public float* Offset => null;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Load<TLanes>(byte* row, long place)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.Load((float*)row + place);
}

/// <summary>Rows of bytes: number = scale·byte + offset, see <see cref="ByteInput"/>.</summary>
internal readonly unsafe struct ByteRows(byte* start, float* scale, float* offset) : ISourceRows
{
    public static int ElementSize => sizeof(byte);

    public static bool IsAffine => true;

    public byte* Start => start;

    public float* Scale => scale;

    public float* Offset => offset;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Load<TLanes>(byte* row, long place)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.LoadBytes(row + place);
}
