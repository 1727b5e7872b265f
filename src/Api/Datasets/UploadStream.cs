using Npgsql;

namespace SparseService.Api.Datasets;

/// <summary>Reads an upload from its first part to its last; one part is in memory at a time.</summary>
internal sealed class UploadStream(NpgsqlDataSource database, Guid uploadId, int parts) : Stream
{
    private byte[] part = [];
    private int used;
    private int next;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (used == part.Length)
        {
            if (next == parts)
            {
                return 0;
            }

            using var command = database.CreateCommand("SELECT bytes FROM upload_parts WHERE upload_id = $1 AND number = $2");
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = uploadId });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = next++ });
            part = (byte[]?)command.ExecuteScalar() ?? throw new IOException($"Part {next - 1} of upload {uploadId} is gone.");
            used = 0;
        }

        var count = Math.Min(buffer.Length, part.Length - used);
        part.AsSpan(used, count).CopyTo(buffer);
        used += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
