using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SparseService.Api.Security;

/// <summary>Makes and checks keys: <c>sk_</c> + 8 characters of prefix + <c>_</c> + 43 characters of secret.</summary>
public static class ApiKeys
{
    private const string Start = "sk_";
    private const int PrefixLength = 8;
    private const int SecretBytes = 32;
    private const int SecretLength = 43;
    private const int KeyLength = 3 + PrefixLength + 1 + SecretLength;

    // Two nodes that start on an empty database at once must not make two first keys.
    private const long FirstKeyLock = 0x5350_4152_5345_4B59;

    // Every request asks it: compiled once.
    private static readonly Func<SparseDbContext, string, CancellationToken, Task<ApiKey?>> FindByPrefixAsync = EF.CompileAsyncQuery(
        (SparseDbContext db, string prefix, CancellationToken cancellationToken) =>
            db.ApiKeys.AsNoTracking().SingleOrDefault(row => row.Prefix == prefix));

    /// <summary>Stores a new key's hash and returns the key itself, which exists nowhere else.</summary>
    public static async Task<(ApiKey Row, string Key)> CreateAsync(
        SparseDbContext db, string name, ApiRole role, TimeProvider clock, DateTimeOffset? expiresAt,
        CancellationToken cancellationToken = default)
    {
        var prefix = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PrefixLength / 2));
        var key = $"{Start}{prefix}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes))}";
        var row = new ApiKey
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()),
            Name = name,
            Prefix = prefix,
            Hash = Hash(key),
            Role = role,
            CreatedAt = clock.GetUtcNow(),
            ExpiresAt = expiresAt,
        };
        db.ApiKeys.Add(row);
        await db.SaveChangesAsync(cancellationToken);
        return (row, key);
    }

    /// <summary>The first admin key, or null when one exists already.</summary>
    public static async Task<string?> CreateFirstAdminAsync(SparseDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({FirstKeyLock})", cancellationToken);
        var now = clock.GetUtcNow();
        var valid = db.ApiKeys.Where(key => key.RevokedAt == null && (key.ExpiresAt == null || key.ExpiresAt > now));
        if (await valid.AnyAsync(key => key.Role == ApiRole.Admin, cancellationToken))
        {
            return null;
        }

        var (_, created) = await CreateAsync(db, "first admin", ApiRole.Admin, clock, null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return created;
    }

    /// <summary>The row that a key belongs to, or null when it is unknown, wrong, expired or revoked.</summary>
    public static async Task<ApiKey?> FindAsync(SparseDbContext db, string key, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (key.Length != KeyLength || !key.StartsWith(Start, StringComparison.Ordinal) || key[Start.Length + PrefixLength] != '_')
        {
            return null;
        }

        var prefix = key.Substring(Start.Length, PrefixLength);
        var row = await FindByPrefixAsync(db, prefix, cancellationToken);
        return row is { RevokedAt: null } && !(row.ExpiresAt <= clock.GetUtcNow())
            && CryptographicOperations.FixedTimeEquals(row.Hash, Hash(key)) ? row : null;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
