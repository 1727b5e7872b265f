using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;

namespace SparseService.Api.Security;

/// <summary>
/// Refuses requests that a foreign web page makes a browser send: a Host that is not ours (DNS rebinding) or an Origin that is not ours on
/// an unsafe method or a WebSocket.
/// </summary>
internal sealed class RequestOrigin(RequestDelegate next, IConfiguration configuration)
{
    private readonly string[] hosts = Split(configuration["AllowedHosts"]) is { Length: > 0 } given
        ? given
        : ["localhost", "127.0.0.1", "[::1]"];
    private readonly string[] origins = Split(configuration["AllowedOrigins"]);

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (!hosts.Contains("*") && !hosts.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase))
        {
            return Refuse("Host", request.Host.Value, $"one of {string.Join(", ", hosts)} (setting AllowedHosts)").ExecuteAsync(context);
        }

        var origin = request.Headers.Origin.ToString();
        var isSafe = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method);
        var matters = !isSafe || context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
        if (matters && origin.Length > 0 && !IsOurs(origin, request))
        {
            return Refuse("Origin", origin, "this service's own address, or one of the setting AllowedOrigins").ExecuteAsync(context);
        }

        return next(context);
    }

    private bool IsOurs(string origin, HttpRequest request) =>
        origins.Contains(origin, StringComparer.OrdinalIgnoreCase)
        || (Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));

    private static ProblemResult Refuse(string header, string? value, string allowed) =>
        Refused.Because(
            StatusCodes.Status403Forbidden, $"The {header} header is not one that this service answers to.",
            ApiFault.Of(header, value, allowed));

    private static string[] Split(string? list) =>
        (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
