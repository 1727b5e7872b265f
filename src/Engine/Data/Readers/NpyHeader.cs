using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SparseService.Engine.Data.Readers;

/// <summary>
/// The header of an NPY file, versions 1 to 3 (NumPy enhancement proposal 1): magic, version, length, then a Python dict literal.
/// Only the dict that NumPy itself writes is understood; nothing is ever evaluated or unpickled.
/// </summary>
internal static partial class NpyHeader
{
    private const int HeaderBytesMax = 10_000;

    private static readonly string[] KeyGroups = ["descr", "order", "shape"];

    public static ArrayHeader Read(Stream stream, string role)
    {
        var text = ReadText(stream, role);
        var match = Dict().Match(text);
        if (!match.Success || KeyGroups.Any(group => match.Groups[group].Captures.Count != 1))
        {
            throw new DatasetFormatException($"{role} header", text.Trim(), "a dict of descr, fortran_order and shape");
        }

        // A column that is both C- and Fortran-contiguous is written as C order by NumPy, so True always means another layout.
        if (match.Groups["order"].Value == "True")
        {
            throw new DatasetFormatException($"{role} header fortran_order", "True", "False (save numpy.ascontiguousarray(x))");
        }

        var shape = new List<long>();
        foreach (var size in match.Groups["shape"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            shape.Add(long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed)
                ? parsed
                : throw new DatasetFormatException($"{role} header shape", size, "a number of at most 63 bits"));
        }

        return shape.Count is >= 1 and <= 4
            ? new ArrayHeader(TypeOf(match.Groups["descr"].Value, role), BigEndian: false, shape)
            : throw new DatasetFormatException($"{role} header shape", $"({match.Groups["shape"].Value})", "1 to 4 dimensions");
    }

    private static string ReadText(Stream stream, string role)
    {
        Span<byte> start = stackalloc byte[12];
        Require(stream, start[..8], role);
        if (start[0] != 0x93 || !start[1..6].SequenceEqual("NUMPY"u8))
        {
            throw new DatasetFormatException($"{role} magic", Convert.ToHexString(start[..6]), "\\x93NUMPY");
        }

        if (start[6] is < 1 or > 3)
        {
            throw new DatasetFormatException($"{role} version", $"{start[6]}.{start[7]}", "1.0, 2.0 or 3.0");
        }

        var lengthBytes = start[6] == 1 ? 2 : 4;
        Require(stream, start.Slice(8, lengthBytes), role);
        var length = lengthBytes == 2
            ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..])
            : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (length is 0 or > HeaderBytesMax)
        {
            throw new DatasetFormatException($"{role} header length", $"{length}", $"1 to {HeaderBytesMax}");
        }

        var header = new byte[length];
        Require(stream, header, role);
        return System.Text.Encoding.Latin1.GetString(header);
    }

    private static NumberType TypeOf(string descr, string role) => descr switch
    {
        "|u1" or "<u1" or "|b1" => NumberType.UInt8,
        "|i1" or "<i1" => NumberType.Int8,
        "<u2" => NumberType.UInt16,
        "<i2" => NumberType.Int16,
        "<u4" => NumberType.UInt32,
        "<i4" => NumberType.Int32,
        "<u8" => NumberType.UInt64,
        "<i8" => NumberType.Int64,
        "<f2" => NumberType.Float16,
        "<f4" => NumberType.Float32,
        "<f8" => NumberType.Float64,
        _ => throw new DatasetFormatException(
            $"{role} header descr",
            descr,
            "little-endian numbers: |b1, |u1, |i1, <u2, <i2, <u4, <i4, <u8, <i8, <f2, <f4, <f8 (no objects, no text)"),
    };

    private static void Require(Stream stream, Span<byte> bytes, string role)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw new DatasetFormatException($"{role} header", "cut off", "a complete NPY header");
        }
    }

    [GeneratedRegex(
        @"^\s*\{\s*(?:(?:'descr'\s*:\s*'(?<descr>[^'\\]{1,8})'|'fortran_order'\s*:\s*(?<order>True|False)"
            + @"|'shape'\s*:\s*\((?<shape>[0-9, ]*)\))\s*(?:,\s*|(?=\})))+\}\s*$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Dict();
}
