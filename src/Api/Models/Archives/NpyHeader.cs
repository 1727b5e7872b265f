using System.Buffers.Binary;
using System.Text;

namespace SparseService.Api.Models.Archives;

/// <summary>The header of a .npy file, version 1.0: magic, length, and a Python literal that says type and shape
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).</summary>
internal static class NpyHeader
{
    private const int Alignment = 64; // The array behind it starts on a multiple of this, as the format asks for.

    /// <param name="type">As NumPy spells it, for instance <c>&lt;f4</c>.</param>
    /// <param name="shape">Empty for a single value.</param>
    public static byte[] Of(string type, IReadOnlyList<long> shape)
    {
        var tuple = shape.Count == 1 ? $"({shape[0]},)" : $"({string.Join(", ", shape)})";
        var text = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {tuple}, }}";
        const int Before = 10;
        var length = (Before + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        var header = new byte[length];
        header.AsSpan().Fill((byte)' ');
        ReadOnlySpan<byte> magic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0];
        magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)(length - Before));
        Encoding.ASCII.GetBytes(text, header.AsSpan(Before));
        header[^1] = (byte)'\n';
        return header;
    }

    /// <summary>NumPy's word for a type of safetensors.</summary>
    public static string TypeOf(string safetensorsType) => safetensorsType switch
    {
        "U8" => "|u1",
        "I32" => "<i4",
        "I64" => "<i8",
        "F32" => "<f4",
        "F64" => "<f8",
        _ => throw new ArgumentOutOfRangeException(nameof(safetensorsType), safetensorsType, "allowed: U8, I32, I64, F32, F64"),
    };
}
