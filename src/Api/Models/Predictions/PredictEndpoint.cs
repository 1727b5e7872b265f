using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace SparseService.Api.Models.Predictions;

/// <summary><c>POST /v1/models/{id}/predict</c>: rows in, predictions out, either of which may be longer than memory.</summary>
internal static class PredictEndpoint
{
    public const string Description =
        "The body is JSON; or application/x-ndjson, a list of numbers on each line; or text/csv, numbers with commas between them on each "
        + "line (with header=present the first line is passed over); or rows of little-endian float32 values one after the other "
        + "(application/octet-stream). With Accept: application/x-ndjson the answer is a stream: rows are read, predicted and answered "
        + "some at a time, a line for each, {\"class\": …, \"probabilities\": […]} or {\"value\": …}; what goes wrong after the "
        + "first answers "
        + "were sent stands in a last line, {\"error\": …}, with what a problem says. Such a client has to read while it sends. With "
        + "Accept: application/octet-stream the answer is little-endian float32: all outputs of the first row, then of the second "
        + "and so on.";

    // Compiled once: translating it takes longer than predicting a row.
    private static readonly Func<SparseDbContext, Guid, CancellationToken, Task<Model?>> FindAsync = EF.CompileAsyncQuery(
        (SparseDbContext db, Guid id, CancellationToken cancellationToken) =>
            db.Models.AsNoTracking().SingleOrDefault(model => model.Id == id));

    public static readonly string[] OtherContentTypes = [NdjsonRows.ContentType, CsvRows.ContentType, FloatRows.ContentType];

    public static async Task<IResult> Predict(
        Guid id, HttpContext http, SparseDbContext db, LoadedModels models, IOptions<ApiLimits> limits, ILogger<PredictionWork> logger,
        CancellationToken cancellationToken)
    {
        var model = await FindAsync(db, id, cancellationToken);
        if (model is null)
        {
            return Refused.NotFound("model", id);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(limits.Value.PredictSeconds));
        var isStreamed = Wants(http.Request, AnswerLines.ContentType);
        if (isStreamed && http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limits.Value.PredictStreamBytes;
        }

        await using var rows = new RowStream(http.Request.BodyReader, FormatOf(http.Request), model.Features);
        using var lease = await models.LeaseAsync(model.BlobHash, cancellationToken);
        using var work = new PredictionWork(lease.Model, rows, model);
        try
        {
            if (isStreamed)
            {
                return await StreamAsync(http, work, model, deadline.Token);
            }

            var outputs = await work.ReadAllAsync(MostRows(model, limits.Value), deadline.Token);
            return Wants(http.Request, FloatRows.ContentType)
                ? TypedResults.Bytes(MemoryMarshal.AsBytes(outputs.Span).ToArray(), FloatRows.ContentType)
                : TypedResults.Ok(PredictAnswer.Of(model, outputs.Span));
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            var told = deadline.IsCancellationRequested && fault is OperationCanceledException
                ? TooLong(limits.Value)
                : ProblemPipeline.From(fault, http.Request);
            if (told.Problem.Status >= StatusCodes.Status500InternalServerError)
            {
                logger.LogError(fault, "{Path} failed", http.Request.Path);
            }

            if (!http.Response.HasStarted)
            {
                return told;
            }

            var traceId = Activity.Current?.TraceId.ToString() ?? http.TraceIdentifier;
            await new AnswerLines(http.Response.BodyWriter, model).SendAsync(told.Problem with { TraceId = traceId }, cancellationToken);
            return Results.Empty;
        }
    }

    private static async Task<IResult> StreamAsync(
        HttpContext http, PredictionWork work, Model model, CancellationToken cancellationToken)
    {
        http.Response.ContentType = AnswerLines.ContentType;
        http.Response.Headers["X-Accel-Buffering"] = "no"; // Tells proxies to pass lines on as they come.
        var answer = new AnswerLines(http.Response.BodyWriter, model);
        while (await work.NextAsync(isStreamed: true, cancellationToken) is { Length: > 0 } outputs)
        {
            // Until something is sent, a refusal has a status of its own.
            if (work.Fault is { } fault && !http.Response.HasStarted)
            {
                throw fault;
            }

            await answer.SendAsync(outputs, cancellationToken);
        }

        return Results.Empty;
    }


    private static IRowFormat FormatOf(HttpRequest request)
    {
        _ = MediaTypeHeaderValue.TryParse(request.ContentType, out var type);
        return type?.MediaType.Value?.ToLowerInvariant() switch
        {
            NdjsonRows.ContentType => new NdjsonRows(),
            CsvRows.ContentType => new CsvRows(type.Parameters.Any(parameter =>
                parameter.Name.Equals("header", StringComparison.OrdinalIgnoreCase)
                && parameter.Value.Equals("present", StringComparison.OrdinalIgnoreCase))),
            FloatRows.ContentType => new FloatRows(),
            _ => new JsonRows(),
        };
    }

    private static bool Wants(HttpRequest request, string contentType) =>
        request.Headers.Accept.ToString().Contains(contentType, StringComparison.OrdinalIgnoreCase);

    private static int MostRows(Model model, ApiLimits limits) =>
        Math.Min(limits.PredictRows, Math.Max(1, limits.PredictOutputs / model.Outputs));

    private static ProblemResult TooLong(ApiLimits limits) => Refused.Because(
        StatusCodes.Status408RequestTimeout,
        "The prediction took too long; send fewer rows in one call.",
        ApiFault.Of("time", $"more than {limits.PredictSeconds} s", $"at most {limits.PredictSeconds} s for one call"));
}
