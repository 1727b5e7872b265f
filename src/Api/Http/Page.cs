using System.Buffers.Binary;
using System.Buffers.Text;

namespace SparseService.Api.Http;

/// <param name="NextCursor">Give it as <c>cursor</c> to read on; absent on the last page.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>
/// A place in a list that runs from the newest row to the oldest. It names the last row seen, not a count, so that rows which appear
/// meanwhile neither repeat nor hide others.
/// </summary>
public readonly record struct PageRequest(DateTimeOffset? BeforeCreatedAt, Guid AfterId, int Limit)
{
    public const int DefaultLimit = 50;
    public const int MaximumLimit = 200;
    private const int CursorBytes = 24;

    public static PageRequest From(string? cursor, int? limit)
    {
        if (limit is < 1 or > MaximumLimit)
        {
            throw new RefusedException(Refused.BadRequest(ApiFault.Of("limit", limit, $"1 to {MaximumLimit}")));
        }

        if (cursor is null)
        {
            return new PageRequest(null, default, limit ?? DefaultLimit);
        }

        Span<byte> bytes = stackalloc byte[CursorBytes + 3];
        if (!Base64Url.IsValid(cursor, out var length) || length != CursorBytes
            || !Base64Url.TryDecodeFromChars(cursor, bytes, out _) || !IsInstant(BinaryPrimitives.ReadInt64BigEndian(bytes)))
        {
            throw new RefusedException(Refused.BadRequest(ApiFault.Of("cursor", cursor, "nextCursor of the page before")));
        }

        var at = new DateTimeOffset(BinaryPrimitives.ReadInt64BigEndian(bytes), TimeSpan.Zero);
        return new PageRequest(at, new Guid(bytes[8..CursorBytes], bigEndian: true), limit ?? DefaultLimit);
    }

    public static string CursorOf(DateTimeOffset createdAt, Guid id)
    {
        Span<byte> bytes = stackalloc byte[CursorBytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, createdAt.UtcTicks);
        id.TryWriteBytes(bytes[8..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Makes the answer from rows of which one more than the limit was asked for.</summary>
    public Page<TResponse> ToPage<TRow, TResponse>(
        List<TRow> rows, Func<TRow, TResponse> toResponse, Func<TRow, DateTimeOffset> createdAt, Func<TRow, Guid> id)
    {
        var shown = rows.Take(Limit).ToList();
        var cursor = rows.Count > Limit ? CursorOf(createdAt(shown[^1]), id(shown[^1])) : null;
        return new Page<TResponse>([.. shown.Select(toResponse)], cursor);
    }

    private static bool IsInstant(long ticks) => ticks >= DateTimeOffset.MinValue.Ticks && ticks <= DateTimeOffset.MaxValue.Ticks;
}
