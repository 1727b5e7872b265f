using System.Diagnostics;

namespace SparseService.Api.Problems;

/// <summary>An answer that is a problem. Written whatever the client accepts: an error without a body helps nobody.</summary>
public sealed class ProblemResult(ApiProblem problem) : IResult, IStatusCodeHttpResult
{
    public ApiProblem Problem { get; } = problem;

    public int? StatusCode => Problem.Status;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var traceId = Activity.Current?.TraceId.ToString() ?? httpContext.TraceIdentifier;
        httpContext.Response.StatusCode = Problem.Status;
        return httpContext.Response.WriteAsJsonAsync(
            Problem with { TraceId = traceId }, ApiJson.Options, ApiProblem.ContentType, httpContext.RequestAborted);
    }
}
