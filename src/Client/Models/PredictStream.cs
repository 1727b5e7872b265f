using System.Globalization;
using System.Text;
using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Models;

/// <summary>Rows from a file or standard input to predictions on standard output, a line for each, in constant memory.</summary>
/// <remarks>In one request after the other: HttpClient reads no answer before it has sent all of a request (HTTP/1.1), and a stream of
/// both ways would wait for itself. While one is answered the next rows are read.</remarks>
internal sealed class PredictStream(int outputs, int rowsAtATime, Func<float[], CancellationToken, Task<JsonElement>> ask)
{
    /// <returns>Rows predicted.</returns>
    public async Task<long> RunAsync(RowFile file, CancellationToken cancellationToken)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), bufferSize: 64 << 10);
        using var progress = new RowProgress();
        Task<JsonElement>? asked = null;
        var rows = 0L;
        await foreach (var part in file.PartsAsync(rowsAtATime, cancellationToken))
        {
            if (asked is not null)
            {
                rows = await WriteAsync(await AnswerAsync(asked, rows), output, progress, rows);
            }

            asked = ask(part, cancellationToken);
            if (file.IsWaiting)
            {
                rows = await WriteAsync(await AnswerAsync(asked, rows), output, progress, rows);
                asked = null;
            }
        }

        return asked is null ? rows : await WriteAsync(await AnswerAsync(asked, rows), output, progress, rows);
    }

    private static async Task<JsonElement> AnswerAsync(Task<JsonElement> asked, long before)
    {
        try
        {
            return await asked;
        }
        catch (CliFault fault)
        {
            throw new CliFault($"After {before} rows: {fault.Message}", fault.ExitCode);
        }
    }

    private async Task<long> WriteAsync(JsonElement answer, StreamWriter output, RowProgress progress, long rows)
    {
        foreach (var prediction in answer.Items("predictions"))
        {
            await output.WriteAsync(prediction.GetRawText());
            await output.WriteAsync('\n');
            rows++;
        }

        foreach (var values in answer.Items("values").Select(value => value.GetRawText()).Chunk(outputs))
        {
            await output.WriteAsync(
                outputs == 1 ? $"{{\"value\":{values[0]}}}\n" : $"{{\"values\":[{string.Join(',', values)}]}}\n");
            rows++;
        }

        await output.FlushAsync();
        progress.Show(rows);
        return rows;
    }

    /// <summary>How many rows are done, on standard error, where that is a terminal.</summary>
    private sealed class RowProgress : IDisposable
    {
        private readonly System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        private long shown;

        public void Show(long rows)
        {
            shown = rows;
            if (Terminal.ErrorsAreLive)
            {
                var rate = rows / Math.Max(0.001, watch.Elapsed.TotalSeconds);
                Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{rows:N0} rows, {rate:N0} rows/s\u001b[K"));
            }
        }

        public void Dispose()
        {
            if (Terminal.ErrorsAreLive && shown > 0)
            {
                Console.Error.WriteLine();
            }
        }
    }
}
