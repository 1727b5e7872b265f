using System.Buffers;
using System.Diagnostics;
using System.Numerics.Tensors;
using SparseService.Engine.Inference;

namespace SparseService.Api.Models.Predictions;

/// <summary>Strips of rows through a model.</summary>
internal sealed class PredictionWork(SparseModel engine, RowStream rows, Model model) : IDisposable
{
    // A strip of rows, and of their outputs.
    private const int StripRows = 128;
    private const int StripNumbers = 1 << 20;

    private readonly int stripRows = Math.Clamp(StripNumbers / Math.Max(model.Features, model.Outputs), 1, StripRows);
    private float[] strip = [];
    private float[] outputs = [];

    /// <summary>Why there are no rows after those that were given.</summary>
    public Exception? Fault => rows.Fault;

    /// <summary>All outputs.</summary>
    public async Task<ReadOnlyMemory<float>> ReadAllAsync(int mostRows, CancellationToken cancellationToken)
    {
        var all = new ArrayBufferWriter<float>();
        while (await NextAsync(isStreamed: false, cancellationToken) is { Length: > 0 } next)
        {
            if (rows.Count > mostRows)
            {
                throw RowFault.Unprocessable(
                    "There are too many rows for an answer that is not streamed.",
                    ApiFault.Of("$.rows", $"{rows.Count} or more", $"1 to {mostRows} rows, or Accept: {AnswerLines.ContentType}"));
            }

            if (rows.IsAtEnd && all.WrittenCount == 0)
            {
                return next;
            }

            all.Write(next.Span);
        }

        return all.WrittenMemory;
    }

    /// <summary>Outputs of the next rows, until the next call; empty at the end.</summary>
    public async ValueTask<ReadOnlyMemory<float>> NextAsync(bool isStreamed, CancellationToken cancellationToken)
    {
        strip = strip.Length > 0 ? strip : ArrayPool<float>.Shared.Rent(stripRows * model.Features);
        var before = rows.Count;
        var count = await rows.ReadAsync(strip.AsMemory(0, stripRows * model.Features), isStreamed, cancellationToken);
        if (count == 0)
        {
            return rows.Count > 0
                ? default
                : throw RowFault.Unprocessable("There are no rows.", ApiFault.Of("$.rows", 0, "at least 1 row"));
        }

        outputs = outputs.Length > 0 ? outputs : ArrayPool<float>.Shared.Rent(stripRows * model.Outputs);
        var answer = outputs.AsMemory(0, count * model.Outputs);
        var started = Stopwatch.GetTimestamp();
        if (before == 0 && rows.IsAtEnd && !isStreamed)
        {
            engine.Predict(strip.AsSpan(0, count * model.Features), answer.Span);
        }
        else
        {
            engine.PredictPart(strip.AsSpan(0, count * model.Features), answer.Span);
        }

        PredictionMeter.Record(count, started);
        RequireFinite(answer.Span, before);
        return answer;
    }

    public void Dispose()
    {
        Return(ref strip);
        Return(ref outputs);
    }

    private static void Return(ref float[] rented)
    {
        if (rented.Length > 0)
        {
            ArrayPool<float>.Shared.Return(rented);
            rented = [];
        }
    }

    private void RequireFinite(ReadOnlySpan<float> answer, long firstRow)
    {
        if (TensorPrimitives.IsFiniteAll(answer))
        {
            return;
        }

        var place = answer.ToArray().Index().First(value => !float.IsFinite(value.Item)).Index;
        var row = firstRow + (place / model.Outputs);
        var fault = ApiFault.Of($"$.rows[{row}]", answer[place], "values of the size that the model was trained on");
        throw RowFault.Unprocessable("The model's output is not finite.", fault with { Row = row + 1 });
    }
}
