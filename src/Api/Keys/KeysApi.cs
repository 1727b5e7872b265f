namespace SparseService.Api.Keys;

public sealed record CreateKeyRequest : IRequestBody
{
    /// <summary>Who or what will use the key.</summary>
    /// <example>nightly-build</example>
    public required string Name { get; init; }

    /// <example>submitter</example>
    public required ApiRole Role { get; init; }

    /// <summary>Invalid from this instant on; absent = valid until it is revoked.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public IEnumerable<ApiFault> Faults()
    {
        if (!Names.IsAllowed(Name))
        {
            yield return ApiFault.Of("$.name", Name, Names.Allowed);
        }
    }
}

/// <param name="Prefix">The public part of the key, to recognise it by.</param>
public sealed record KeyResponse(
    Guid Id, string Name, string Prefix, ApiRole Role, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt)
{
    internal static KeyResponse From(ApiKey key) =>
        new(key.Id, key.Name, key.Prefix, key.Role, key.CreatedAt, key.LastUsedAt, key.ExpiresAt, key.RevokedAt);
}

/// <param name="Secret">The key itself. It is shown here and never again.</param>
public sealed record CreatedKeyResponse(string Secret, KeyResponse Key);

/// <summary>Who may use the service.</summary>
public static class KeysApi
{
    public static RouteGroupBuilder MapKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/keys").WithTags("Keys").Needs(ApiRole.Admin);
        keys.MapPost("/", Create).WithName("createKey").Refuses(400, 413, 415)
            .WithSummary("Make a key")
            .WithDescription("The key is shown once; only its hash is stored.");
        keys.MapGet("/", List).WithName("listKeys").Refuses(400).WithSummary("List keys, newest first");
        keys.MapPost("/{id:guid}/revoke", Revoke).WithName("revokeKey").Refuses(404, 409)
            .WithSummary("Make a key invalid for good")
            .WithDescription("409 for the last admin key that does not expire: one day nobody could make another one.");

        // Anyone may ask who they are; a page needs it to know which buttons to show.
        routes.MapGet("/keys/self", Self).WithTags("Keys").WithName("getOwnKey").Needs(ApiRole.Viewer).WithSummary("Which key is this?");
        return keys;
    }

    private static async Task<Results<Created<CreatedKeyResponse>, ProblemResult>> Create(
        Body<CreateKeyRequest> body, SparseDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        var request = body.Value;
        if (request.ExpiresAt <= clock.GetUtcNow())
        {
            return Refused.BadRequest(ApiFault.Of("$.expiresAt", $"{request.ExpiresAt:O}", "an instant in the future"));
        }

        var (row, key) = await ApiKeys.CreateAsync(
            db, request.Name, request.Role, clock, request.ExpiresAt?.ToUniversalTime(), cancellationToken);
        return TypedResults.Created($"/v1/keys/{row.Id}", new CreatedKeyResponse(key, KeyResponse.From(row)));
    }

    private static async Task<Ok<Page<KeyResponse>>> List(
        SparseDbContext db, CancellationToken cancellationToken, string? cursor = null, int? limit = null)
    {
        var page = PageRequest.From(cursor, limit);
        var rows = await db.ApiKeys.AsNoTracking()
            .Where(key => page.BeforeCreatedAt == null || key.CreatedAt < page.BeforeCreatedAt
                || (key.CreatedAt == page.BeforeCreatedAt && key.Id.CompareTo(page.AfterId) > 0))
            .OrderByDescending(key => key.CreatedAt).ThenBy(key => key.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, KeyResponse.From, key => key.CreatedAt, key => key.Id));
    }

    private static async Task<Ok<KeyResponse>> Self(ClaimsPrincipal user, SparseDbContext db, CancellationToken cancellationToken) =>
        TypedResults.Ok(KeyResponse.From(await db.ApiKeys.AsNoTracking().SingleAsync(key => key.Id == user.KeyId(), cancellationToken)));

    private static async Task<Results<Ok<KeyResponse>, ProblemResult>> Revoke(
        Guid id, SparseDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        // All admin keys are locked, so that two revocations at once cannot each take the other for the last one.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var admins = await db.ApiKeys
            .FromSql($"SELECT * FROM api_keys WHERE role = 'admin' AND revoked_at IS NULL AND expires_at IS NULL ORDER BY id FOR UPDATE")
            .Select(key => key.Id).ToListAsync(cancellationToken);
        var key = await db.ApiKeys.SingleOrDefaultAsync(key => key.Id == id, cancellationToken);
        if (key is null)
        {
            return Refused.NotFound("key", id);
        }

        if (admins is [var last] && last == id)
        {
            return Refused.Conflict(
                "This is the last admin key that does not expire.", ApiFault.Of("id", id, "any key but the last of role admin"));
        }

        key.RevokedAt ??= clock.GetUtcNow();
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(KeyResponse.From(key));
    }
}
