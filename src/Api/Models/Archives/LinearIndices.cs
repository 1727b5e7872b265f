using System.Buffers.Binary;

namespace SparseService.Api.Models.Archives;

/// <summary>
/// The places of a CSR matrix's connections as one number each, row·columns + column, little-endian int64: computed while they are
/// read, from any position, with one window of offsets and one of columns in memory.
/// </summary>
/// <param name="offsets">The file that holds the row offsets (int64) from <paramref name="offsetsStart"/> on; nobody else moves it.</param>
/// <param name="columns">The same for the column indices (int32).</param>
internal sealed class LinearIndices(
    Stream offsets, long offsetsStart, long rows, Stream columns, long columnsStart, long connections, long columnCount) : Stream
{
    private const int IndexBytes = sizeof(long);
    private const int Window = 8192; // Numbers at a time.
    private readonly byte[] rowEnds = new byte[Window * IndexBytes]; // Ends of the rows from firstRow on.
    private long firstRow;
    private int rowsKnown;
    private (long Connection, long Row) next; // Where the last reading ended.
    private long position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => connections * IndexBytes;

    public override long Position
    {
        get => position;
        set => position = value;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var first = position / IndexBytes;
        var inside = (int)(position % IndexBytes);
        var count = (int)Math.Min(Math.Min(Window, ((long)inside + buffer.Length + IndexBytes - 1) / IndexBytes), connections - first);
        if (count <= 0 || buffer.IsEmpty)
        {
            return 0;
        }

        var indices = new byte[count * sizeof(int)];
        columns.Position = columnsStart + (first * sizeof(int));
        await columns.ReadExactlyAsync(indices, cancellationToken);
        var linear = new byte[count * IndexBytes];
        var row = next.Connection == first ? next.Row : await RowOfAsync(first, cancellationToken);
        for (var k = 0; k < count; k++)
        {
            while (first + k >= await EndOfAsync(row, cancellationToken))
            {
                row++;
            }

            var column = BinaryPrimitives.ReadInt32LittleEndian(indices.AsSpan(k * sizeof(int)));
            BinaryPrimitives.WriteInt64LittleEndian(linear.AsSpan(k * IndexBytes), (row * columnCount) + column);
        }

        var taken = Math.Min(buffer.Length, linear.Length - inside);
        linear.AsMemory(inside, taken).CopyTo(buffer);
        position += taken;
        next = (first + count, row);
        return taken;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("Read with ReadAsync: the bytes are far away");

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = offset + (origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => position, _ => Length });

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>The first row whose end lies behind a connection, by halving.</summary>
    private async ValueTask<long> RowOfAsync(long connection, CancellationToken cancellationToken)
    {
        var (low, high) = (0L, rows - 1);
        var end = new byte[IndexBytes];
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            offsets.Position = offsetsStart + ((middle + 1) * IndexBytes);
            await offsets.ReadExactlyAsync(end, cancellationToken);
            (low, high) = BinaryPrimitives.ReadInt64LittleEndian(end) > connection ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private async ValueTask<long> EndOfAsync(long row, CancellationToken cancellationToken)
    {
        if (row < firstRow || row >= firstRow + rowsKnown)
        {
            firstRow = row;
            rowsKnown = (int)Math.Min(Window, rows - row);
            offsets.Position = offsetsStart + ((row + 1) * IndexBytes);
            await offsets.ReadExactlyAsync(rowEnds.AsMemory(0, rowsKnown * IndexBytes), cancellationToken);
        }

        return BinaryPrimitives.ReadInt64LittleEndian(rowEnds.AsSpan((int)(row - firstRow) * IndexBytes));
    }
}
