namespace SparseService.Api.Keys;

public sealed record ExchangeLinkRequest : IRequestBody
{
    private const int LongestToken = 200;

    /// <summary>What stands behind <c>#start=</c> in the link that the service printed.</summary>
    public required string Token { get; init; }

    public IEnumerable<ApiFault> Faults()
    {
        if (Token.Length is 0 or > LongestToken)
        {
            yield return ApiFault.Of("$.token", "(hidden)", $"1 to {LongestToken} characters");
        }
    }
}

/// <summary>How a browser comes to its key by the link that the service printed.</summary>
public static class KeyExchangeApi
{
    public static void MapKeyExchange(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/keys/exchange", Exchange).WithTags("Keys").WithName("exchangeStartUpLink").AllowAnonymous()
            .Refuses(400, 413, 415)
            .WithSummary("Turn a start-up link's token into a key")
            .WithDescription("A token works once, within an hour after the service printed it, and at the service that printed it.");

    private static async Task<Results<Created<CreatedKeyResponse>, ProblemResult>> Exchange(
        Body<ExchangeLinkRequest> body, HttpContext context, StartUpLinks links, FailedAttempts failedAttempts, SparseDbContext db,
        TimeProvider clock, CancellationToken cancellationToken)
    {
        var address = context.Connection.RemoteIpAddress;
        if (failedAttempts.AreExhausted(address))
        {
            context.Response.Headers.RetryAfter = FailedAttempts.Window.TotalSeconds.ToString("0");
            return Refused.Because(
                StatusCodes.Status429TooManyRequests, "Too many wrong keys came from this address; wait a minute.",
                ApiFault.Of("$.token", "(hidden)", "a token that exists"));
        }

        if (links.Take(body.Value.Token) is not { } role)
        {
            failedAttempts.Add(address);
            return Refused.Because(
                StatusCodes.Status403Forbidden,
                "This link was used before, or is too old. The service prints a new one whenever it starts.",
                ApiFault.Of("$.token", "(hidden)", "the token of a link that was printed within the last hour and not used yet"));
        }

        var (row, key) = await ApiKeys.CreateAsync(db, $"browser, {clock.GetUtcNow():yyyy-MM-dd}", role, clock, null, cancellationToken);
        return TypedResults.Created($"/v1/keys/{row.Id}", new CreatedKeyResponse(key, KeyResponse.From(row)));
    }
}
