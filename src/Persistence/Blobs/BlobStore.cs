using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;

namespace SparseService.Persistence.Blobs;

/// <summary>Bytes in Postgres, addressed by their SHA-256 and cut into chunks, so that every worker on every node can have them.</summary>
public sealed class BlobStore(NpgsqlDataSource dataSource)
{
    /// <summary>Every chunk but the last has this size.</summary>
    public const int ChunkBytes = 1 << 20;

    /// <summary>Stores a seekable stream from its start, inside the caller's transaction. Bytes that are there already are not sent again.</summary>
    public static async Task<StoredBlob> WriteAsync(NpgsqlConnection connection, Stream source, CancellationToken cancellationToken = default)
    {
        source.Position = 0;
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(source, cancellationToken));
        return await WriteAsync(connection, source, hash, cancellationToken);
    }

    /// <summary>Stores a file inside the caller's transaction.</summary>
    public static async Task<StoredBlob> WriteFileAsync(NpgsqlConnection connection, string path, CancellationToken cancellationToken = default)
    {
        await using var file = File.OpenRead(path);
        return await WriteAsync(connection, file, cancellationToken);
    }

    /// <summary>Opens a blob for reading from start to end on a connection of its own; the end is reached only when the bytes have the blob's hash.</summary>
    /// <exception cref="FileNotFoundException">No such blob.</exception>
    public async Task<Stream> OpenAsync(string hash, CancellationToken cancellationToken = default)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        try
        {
            return await BlobStream.OpenAsync(connection, hash, cancellationToken);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes a verified copy to a new file and makes it durable; nothing remains there after a fault.</summary>
    /// <exception cref="InvalidDataException">The stored bytes are damaged.</exception>
    public async Task CopyToFileAsync(string hash, string path, CancellationToken cancellationToken = default)
    {
        await using var source = await OpenAsync(hash, cancellationToken);
        try
        {
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            await source.CopyToAsync(file, ChunkBytes, cancellationToken);
            file.Flush(flushToDisk: true);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    private static async Task<StoredBlob> WriteAsync(NpgsqlConnection connection, Stream source, string hash, CancellationToken cancellationToken)
    {
        await using var insert = new NpgsqlCommand(
            """
            INSERT INTO blobs (hash, bytes, created_at) VALUES (@hash, @bytes, now())
            ON CONFLICT (hash) DO UPDATE SET created_at = now()
            RETURNING xmax = 0
            """,
            connection);
        insert.Parameters.AddWithValue("hash", hash);
        insert.Parameters.AddWithValue("bytes", source.Length);
        // The update of a blob that is there locks it and renews its age: the sweep, which takes only old ones, cannot remove it under us.
        var isNew = (bool)(await insert.ExecuteScalarAsync(cancellationToken))!;
        if (isNew)
        {
            source.Position = 0;
            await CopyChunksAsync(connection, source, hash, cancellationToken);
        }

        return new StoredBlob(hash, source.Length, isNew);
    }

    private static async Task CopyChunksAsync(NpgsqlConnection connection, Stream source, string hash, CancellationToken cancellationToken)
    {
        await using var copy = await connection.BeginBinaryImportAsync("COPY blob_chunks (hash, number, bytes) FROM STDIN (FORMAT BINARY)", cancellationToken);
        copy.Timeout = TimeSpan.FromMinutes(2);
        var buffer = new byte[ChunkBytes];
        for (var number = 0; ; number++)
        {
            var length = await source.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancellationToken);
            if (length == 0)
            {
                break;
            }

            await copy.StartRowAsync(cancellationToken);
            await copy.WriteAsync(hash, NpgsqlDbType.Varchar, cancellationToken);
            await copy.WriteAsync(number, NpgsqlDbType.Integer, cancellationToken);
            await copy.WriteAsync(buffer.AsMemory(0, length), NpgsqlDbType.Bytea, cancellationToken);
        }

        await copy.CompleteAsync(cancellationToken);
    }
}
