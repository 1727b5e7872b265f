using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;

namespace SparseService.Api.Models.Predictions;

/// <summary>An answer as NDJSON: a line for each row, and a last one with <c>error</c> when not all rows could be answered.</summary>
internal sealed class AnswerLines(PipeWriter body, Model model)
{
    public const string ContentType = NdjsonRows.ContentType;

    private const int MostUnsent = 64 << 10;
    private const int LongestNumber = 32;

    private readonly byte[][] starts = [.. model.ClassNames.Select(name => (byte[])
    [
        .. "{\"class\":"u8, .. JsonSerializer.SerializeToUtf8Bytes(name, ApiJson.Options), .. ",\"probabilities\":["u8,
    ])];

    /// <summary>Writes the rows' lines and sends them; waits for a client that reads slowly.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<float> outputs, CancellationToken cancellationToken)
    {
        for (var at = 0; at < outputs.Length; at += model.Outputs)
        {
            Write(outputs.Span.Slice(at, model.Outputs));
            if (body.UnflushedBytes > MostUnsent)
            {
                await FlushAsync(cancellationToken);
            }
        }

        await FlushAsync(cancellationToken);
    }

    public async ValueTask SendAsync(ApiProblem error, CancellationToken cancellationToken)
    {
        await body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new { error }, ApiJson.Options), cancellationToken);
        await body.WriteAsync("\n"u8.ToArray(), cancellationToken);
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        var flushed = await body.FlushAsync(cancellationToken);
        if (flushed.IsCompleted)
        {
            throw new OperationCanceledException("The client reads no more.", cancellationToken);
        }
    }

    private void Write(ReadOnlySpan<float> outputs)
    {
        if (starts.Length == 0)
        {
            body.Write(outputs.Length == 1 ? "{\"value\":"u8 : "{\"values\":["u8);
            Write(outputs, isList: outputs.Length > 1);
            return;
        }

        var probabilities = PredictAnswer.Probabilities(outputs, stackalloc float[2]);
        body.Write(starts[PredictAnswer.Likeliest(probabilities)]);
        Write(probabilities, isList: true);
    }

    private void Write(ReadOnlySpan<float> numbers, bool isList)
    {
        var span = body.GetSpan(LongestNumber);
        var used = 0;
        for (var at = 0; at < numbers.Length; at++)
        {
            if (span.Length - used < LongestNumber)
            {
                body.Advance(used);
                span = body.GetSpan(LongestNumber);
                used = 0;
            }

            if (at > 0)
            {
                span[used++] = (byte)',';
            }

            numbers[at].TryFormat(span[used..], out var written, default, CultureInfo.InvariantCulture);
            used += written;
        }

        body.Advance(used);
        body.Write(isList ? "]}\n"u8 : "}\n"u8);
    }
}
