using System.Security.Cryptography;
using Npgsql;

namespace SparseService.Persistence.Blobs;

/// <summary>Reads the chunks of one blob in order and judges them at the end; owns its connection.</summary>
internal sealed class BlobStream : Stream
{
    private readonly NpgsqlConnection connection;
    private readonly string hash;
    private readonly long length;
    private readonly NpgsqlDataReader reader;
    private readonly IncrementalHash running = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] chunk = [];
    private int used;
    private long position;
    private bool ended;

    private BlobStream(NpgsqlConnection connection, string hash, long length, NpgsqlDataReader reader)
    {
        this.connection = connection;
        this.hash = hash;
        this.length = length;
        this.reader = reader;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => position;
        set => throw new NotSupportedException("A blob is read from start to end");
    }

    public static async Task<BlobStream> OpenAsync(NpgsqlConnection connection, string hash, CancellationToken cancellationToken)
    {
        await using var size = new NpgsqlCommand("SELECT bytes FROM blobs WHERE hash = @hash", connection);
        size.Parameters.AddWithValue("hash", hash);
        if (await size.ExecuteScalarAsync(cancellationToken) is not long length)
        {
            throw new FileNotFoundException($"There is no blob {hash}", hash);
        }

        var chunks = new NpgsqlCommand("SELECT bytes FROM blob_chunks WHERE hash = @hash ORDER BY number", connection) { CommandTimeout = 0 };
        await using (chunks)
        {
            chunks.Parameters.AddWithValue("hash", hash);
            return new BlobStream(connection, hash, length, await chunks.ExecuteReaderAsync(cancellationToken));
        }
    }

    public override int Read(Span<byte> buffer)
    {
        while (used == chunk.Length && !ended)
        {
            Take(reader.Read());
        }

        return Hand(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (used == chunk.Length && !ended)
        {
            Take(await reader.ReadAsync(cancellationToken));
        }

        return Hand(buffer.Span);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A blob is read from start to end");

    public override void SetLength(long value) => throw new NotSupportedException("A blob is immutable");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A blob is immutable");

    public override async ValueTask DisposeAsync()
    {
        await reader.DisposeAsync();
        await connection.DisposeAsync();
        running.Dispose();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            reader.Dispose();
            connection.Dispose();
            running.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Take(bool more)
    {
        if (more)
        {
            chunk = reader.GetFieldValue<byte[]>(0);
            used = 0;
            position += chunk.Length;
            running.AppendData(chunk);
            return;
        }

        ended = true;
        var found = Convert.ToHexStringLower(running.GetCurrentHash());
        if (position != length || found != hash)
        {
            throw new InvalidDataException($"Blob {hash} is damaged: its {position} stored bytes (of {length}) have SHA-256 {found}");
        }
    }

    private int Hand(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, chunk.Length - used);
        chunk.AsSpan(used, count).CopyTo(buffer);
        used += count;
        return count;
    }
}
