using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace SparseService.Api.Models.Predictions;

/// <summary>Little-endian float32, feature after feature, row after row.</summary>
internal sealed class FloatRows : IRowFormat
{
    public const string ContentType = Download.ContentType;

    private long rows;

    public bool TryRead(ref ReadOnlySequence<byte> bytes, bool isLast, Span<float> row)
    {
        var rowBytes = row.Length * sizeof(float);
        if (bytes.Length < rowBytes)
        {
            return isLast && bytes.Length > 0
                ? throw RowFault.Unprocessable(
                    "The body is not a whole number of rows.",
                    ApiFault.Of(
                        "Content-Length", (rows * rowBytes) + bytes.Length,
                        $"a multiple of {rowBytes}: {row.Length} features of 4 bytes for each row"))
                : false;
        }

        bytes.Slice(0, rowBytes).CopyTo(MemoryMarshal.AsBytes(row));
        bytes = bytes.Slice(rowBytes);
        if (!TensorPrimitives.IsFiniteAll(row))
        {
            var feature = row.ToArray().Index().First(value => !float.IsFinite(value.Item)).Index;
            throw RowFault.NotFinite(rows, feature, row[feature]);
        }

        rows++;
        return true;
    }
}
