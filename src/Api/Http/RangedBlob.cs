using Npgsql;

namespace SparseService.Api.Http;

/// <summary>Reads a blob from any position; one chunk is in memory at a time, and no connection is held between reads.</summary>
internal sealed class RangedBlob(NpgsqlDataSource database, string hash, long length) : Stream
{
    private const int ChunkBytes = 1 << 20;
    private byte[] chunk = [];
    private long chunkNumber = -1;
    private long position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => position;
        set => position = value is >= 0 && value <= length
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"0 to {length}");
    }

    public override int Read(Span<byte> buffer)
    {
        if (position >= length || buffer.IsEmpty)
        {
            return 0;
        }

        if (position / ChunkBytes != chunkNumber)
        {
            using var command = Command(position / ChunkBytes);
            Take((byte[]?)command.ExecuteScalar());
        }

        return CopyTo(buffer);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (position >= length || buffer.IsEmpty)
        {
            return 0;
        }

        if (position / ChunkBytes != chunkNumber)
        {
            await using var command = Command(position / ChunkBytes);
            Take((byte[]?)await command.ExecuteScalarAsync(cancellationToken));
        }

        return CopyTo(buffer.Span);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = offset + (origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => position, _ => length });

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private NpgsqlCommand Command(long number)
    {
        var command = database.CreateCommand("SELECT bytes FROM blob_chunks WHERE hash = $1 AND number = $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = hash });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)number });
        return command;
    }

    private void Take(byte[]? bytes)
    {
        chunkNumber = position / ChunkBytes;
        var expected = (int)Math.Min(ChunkBytes, length - (chunkNumber * ChunkBytes));
        chunk = bytes is not null && bytes.Length == expected
            ? bytes
            : throw new InvalidDataException($"Chunk {chunkNumber} of blob {hash} has {bytes?.Length ?? 0} bytes; allowed: {expected}");
    }

    private int CopyTo(Span<byte> buffer)
    {
        var from = chunk.AsSpan((int)(position % ChunkBytes));
        var count = Math.Min(from.Length, buffer.Length);
        from[..count].CopyTo(buffer);
        position += count;
        return count;
    }
}
