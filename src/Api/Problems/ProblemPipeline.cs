using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Npgsql;
using SparseService.Engine.Data;
using SparseService.Engine.Training;

namespace SparseService.Api.Problems;

/// <summary>Turns whatever leaves the pipeline as a fault, exception or bare status, into problem details.</summary>
internal sealed class ProblemPipeline(ILogger<ProblemPipeline> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
        {
            return true; // Nobody is there to read an answer.
        }

        var result = From(exception, httpContext.Request);
        if (result.Problem.Status >= StatusCodes.Status500InternalServerError)
        {
            logger.LogError(exception, "{Method} {Path} failed", httpContext.Request.Method, httpContext.Request.Path);
        }

        await result.ExecuteAsync(httpContext);
        return true;
    }

    /// <summary>For <c>UseStatusCodePages</c>: a status that came without a body.</summary>
    public static Task WriteBareStatusAsync(StatusCodeContext context)
    {
        var http = context.HttpContext;
        var request = http.Request;
        var path = ApiFault.Of("path", request.Path, "a route that /swagger lists");
        var (detail, fault) = http.Response.StatusCode switch
        {
            404 => ("There is nothing at this address.", path),
            405 => ("The address does not know this method.", ApiFault.Of("method", request.Method, Allowed(http))),
            415 => ("The body's media type is not understood.", ApiFault.Of("Content-Type", request.ContentType, AcceptedMediaTypes(http))),
            _ => ("The request was refused.", path),
        };
        return new ProblemResult(ApiProblem.Of(http.Response.StatusCode, detail, fault)).ExecuteAsync(http);
    }

    /// <summary>What a client is told of an exception.</summary>
    public static ProblemResult From(Exception exception, HttpRequest request) => exception switch
    {
        RefusedException refused => refused.Result,
        InvalidSpecException invalid => Refused.BadRequest([.. invalid.Faults.Select(ApiFault.From)]),
        DatasetFormatException format => FromFormat(format),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => TooLarge(request),
        BadHttpRequestException bad => Refused.Because(bad.StatusCode, bad.Message, BadParameter.From(bad, request)),
        NpgsqlException { IsTransient: true } or TimeoutException => Refused.Because(
            StatusCodes.Status503ServiceUnavailable, "The database does not answer at the moment; try again."),
        _ => Refused.Because(
            StatusCodes.Status500InternalServerError, "The service failed; its log has the details under the trace id."),
    };

    public static ProblemResult FromFormat(DatasetFormatException format)
    {
        var fault = ApiFault.Of(format.Field, format.Value, format.Allowed) with { Message = format.Message, Row = format.Row };
        return Refused.Unprocessable("The files are not the dataset that they claim to be.", fault);
    }

    private static ProblemResult TooLarge(HttpRequest request)
    {
        var limit = request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;
        return Refused.Because(
            StatusCodes.Status413PayloadTooLarge,
            "The body is larger than this address takes.",
            ApiFault.Of("Content-Length", request.ContentLength?.ToString() ?? "more", $"at most {limit} bytes"));
    }

    private static string Allowed(HttpContext http) =>
        http.Response.Headers.Allow is { Count: > 0 } allow ? allow.ToString() : "another method";

    private static string AcceptedMediaTypes(HttpContext http)
    {
        // The routing middleware has replaced the endpoint by its own 415 one, so the candidates are looked up by path shape instead.
        var path = http.Request.Path.Value ?? "";
        return path.Contains("/parts/", StringComparison.Ordinal) ? "application/octet-stream"
            : path.EndsWith("/predict", StringComparison.Ordinal)
                ? "application/json, application/x-ndjson, text/csv or application/octet-stream"
            : "application/json";
    }
}
