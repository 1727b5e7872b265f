using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace SparseService.Api.Security;

/// <summary>One bucket of requests per key (per address without one), so that a client that runs wild disturbs only itself.</summary>
internal static class RequestRates
{
    public static IServiceCollection AddRequestRates(this IServiceCollection services)
    {
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<ApiLimits>>((options, limits) =>
        {
            options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
                RateLimitPartition.GetTokenBucketLimiter(Partition(context), _ => Bucket(limits.Value)));
            options.OnRejected = (rejected, _) => RefuseAsync(rejected, limits.Value);
        });
        return services;
    }

    private static string Partition(HttpContext context) =>
        context.User.FindFirstValue(Caller.KeyIdClaim) ?? context.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    private static TokenBucketRateLimiterOptions Bucket(ApiLimits limits) => new()
    {
        TokenLimit = limits.RequestBurst,
        TokensPerPeriod = limits.RequestsPerSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
    };

    private static async ValueTask RefuseAsync(OnRejectedContext rejected, ApiLimits limits)
    {
        rejected.HttpContext.Response.Headers.RetryAfter = "1";
        await Refused.Because(
            StatusCodes.Status429TooManyRequests,
            "Too many requests; wait a second.",
            ApiFault.Of("requests", "too many", $"{limits.RequestsPerSecond} per second and key, bursts up to {limits.RequestBurst}"))
            .ExecuteAsync(rejected.HttpContext);
    }
}
