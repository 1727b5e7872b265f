using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SparseService.Api.Security;

/// <summary>Reads the key of a request and finds out whose it is.</summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory loggers,
    UrlEncoder encoder,
    SparseDbContext db,
    FailedAttempts failedAttempts,
    TimeProvider clock)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "ApiKey";
    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";
    private const string PasswordChallenge = "Basic realm=\"SparseService: a key as the password\", charset=\"UTF-8\"";
    private static readonly TimeSpan LastUsedPrecision = TimeSpan.FromMinutes(1);

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var key = ReadKey();
        if (key is null)
        {
            return AuthenticateResult.NoResult();
        }

        var address = Context.Connection.RemoteIpAddress;
        if (failedAttempts.AreExhausted(address))
        {
            return AuthenticateResult.Fail(FailedAttempts.Exhausted);
        }

        var row = await ApiKeys.FindAsync(db, key, clock, Context.RequestAborted);
        if (row is null)
        {
            failedAttempts.Add(address);
            return AuthenticateResult.Fail("unknown key");
        }

        await RecordUseAsync(row);
        return AuthenticateResult.Success(new AuthenticationTicket(Caller.From(row), SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (failedAttempts.AreExhausted(Context.Connection.RemoteIpAddress) && ReadKey() is not null)
        {
            Response.Headers.RetryAfter = FailedAttempts.Window.TotalSeconds.ToString("0");
            return Refused.Because(
                StatusCodes.Status429TooManyRequests,
                "Too many wrong keys came from this address; wait a minute.",
                ApiFault.Of("Authorization", "(hidden)", "a key that exists")).ExecuteAsync(Context);
        }

        Response.Headers.WWWAuthenticate = Has<KeyAsPassword>() ? PasswordChallenge : "Bearer";
        var given = ReadKey() is null ? null : "(hidden)";
        return Refused.Because(
            StatusCodes.Status401Unauthorized,
            "Send a valid key: Authorization: Bearer sk_…",
            ApiFault.Of("Authorization", given, "Bearer sk_… with a key that exists, not expired and not revoked")).ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var role = Context.User.FindAll(ClaimTypes.Role).LastOrDefault()?.Value.ToLowerInvariant();
        var needed = Context.GetEndpoint()?.Metadata.GetMetadata<NeedsRole>()?.Role.ToString().ToLowerInvariant() ?? "a higher one";
        return Refused.Because(
            StatusCodes.Status403Forbidden, "The key's role does not allow this.", ApiFault.Of("role", role, needed)).ExecuteAsync(Context);
    }

    private string? ReadKey()
    {
        var header = Request.Headers.Authorization.ToString();
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return header[Bearer.Length..].Trim();
        }

        if (Request.Headers["X-Api-Key"].ToString() is { Length: > 0 } own)
        {
            return own;
        }

        if (Has<KeyAsPassword>() && KeyInPassword(header) is { } password)
        {
            return password;
        }

        // Browsers cannot set headers on a WebSocket or an EventSource; nowhere else may a key stand in an address.
        return Has<KeyInQuery>() && Request.Query["access_token"].ToString() is { Length: > 0 } token ? token : null;
    }

    private bool Has<TMark>()
        where TMark : class => Context.GetEndpoint()?.Metadata.GetMetadata<TMark>() is not null;

    // Basic authentication, with any name.
    private static string? KeyInPassword(string header)
    {
        var pair = new byte[header.Length];
        return header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase)
            && Convert.TryFromBase64String(header[Basic.Length..].Trim(), pair, out var length)
            && Encoding.UTF8.GetString(pair, 0, length).Split(':', 2) is [_, { Length: > 0 } password] ? password : null;
    }

    private async Task RecordUseAsync(ApiKey row)
    {
        var now = clock.GetUtcNow();
        if (row.LastUsedAt is { } last && now - last < LastUsedPrecision)
        {
            return;
        }

        await db.ApiKeys.Where(key => key.Id == row.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(key => key.LastUsedAt, now), Context.RequestAborted);
    }
}

/// <summary>Marks the hub and the event stream: the key may be given as <c>?access_token=</c>.</summary>
internal sealed class KeyInQuery;

/// <summary>Marks pages that a browser opens without a script of ours: it asks for a password, and a key is taken for one.</summary>
internal sealed class KeyAsPassword;

/// <summary>The lowest role that an endpoint takes; for the refusal and for the OpenAPI document.</summary>
internal sealed record NeedsRole(ApiRole Role);
