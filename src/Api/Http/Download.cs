using Microsoft.Net.Http.Headers;
using Npgsql;

namespace SparseService.Api.Http;

/// <summary>Bytes from the database as a file: with ranges, an ETag that is the content's hash, and a name.</summary>
internal static class Download
{
    public const string ContentType = "application/octet-stream";

    public static FileStreamHttpResult Of(
        string blobHash, long bytes, string fileName, DateTimeOffset createdAt, NpgsqlDataSource database) =>
        Of(new RangedBlob(database, blobHash, bytes), blobHash, fileName, createdAt);

    /// <param name="tag">Another one for other bytes.</param>
    public static FileStreamHttpResult Of(Stream bytes, string tag, string fileName, DateTimeOffset createdAt) =>
        TypedResults.Stream(
            bytes, ContentType, fileName, createdAt, new EntityTagHeaderValue($"\"{tag}\""), enableRangeProcessing: true);

    /// <summary>A name that every file system takes, made of one that people gave.</summary>
    public static string FileName(string? name, string end)
    {
        var plain = string.Concat(
            (name ?? "").Select(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' ? character : '-'));
        return (plain.Trim('-') is { Length: > 0 } given ? given : "sparse") + end;
    }
}
