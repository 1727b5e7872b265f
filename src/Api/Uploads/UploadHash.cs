using System.Security.Cryptography;

namespace SparseService.Api.Uploads;

/// <summary>Sizes and hashes of uploads.</summary>
internal static class UploadHash
{
    private const string DigestStart = "sha-256=:";

    public static int PartCount(this Upload upload) => checked((int)((upload.Bytes + upload.PartBytes - 1) / upload.PartBytes));

    public static int ExpectedBytes(this Upload upload, int number) =>
        (int)Math.Min(upload.PartBytes, upload.Bytes - ((long)number * upload.PartBytes));

    public static bool IsHex(string text) => text.Length == 2 * SHA256.HashSizeInBytes && text.All(char.IsAsciiHexDigit);

    /// <summary>The fault of a part whose header gives another hash than its bytes have; null when all is well.</summary>
    public static ApiFault? Disagreement(HttpRequest request, string actual)
    {
        var plain = request.Headers["X-Part-Sha256"].ToString();
        if (plain.Length > 0 && !plain.Equals(actual, StringComparison.OrdinalIgnoreCase))
        {
            return ApiFault.Of("X-Part-Sha256", plain, $"{actual}, the SHA-256 of the bytes that arrived");
        }

        // RFC 9530.
        var digest = request.Headers["Content-Digest"].ToString();
        if (digest.StartsWith(DigestStart, StringComparison.Ordinal)
            && digest.TrimEnd(':') != DigestStart + Convert.ToBase64String(Convert.FromHexString(actual)))
        {
            return ApiFault.Of("Content-Digest", digest, $"{DigestStart}{Convert.ToBase64String(Convert.FromHexString(actual))}:");
        }

        return null;
    }

    /// <summary>SHA-256 over the parts in order; one part is in memory at a time.</summary>
    public static async Task<string> OfPartsAsync(SparseDbContext db, Upload upload, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var number = 0; number < upload.PartCount(); number++)
        {
            var bytes = await db.UploadParts.Where(part => part.UploadId == upload.Id && part.Number == number)
                .Select(part => part.Bytes).SingleAsync(cancellationToken);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
