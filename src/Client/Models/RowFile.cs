using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace SparseService.Client.Models;

/// <summary>Rows of features from a stream of lines, NDJSON or CSV, some at a time: what has been given is not kept.</summary>
/// <param name="drop">CSV: a column to leave out.</param>
/// <param name="features">How many values each row must have.</param>
internal sealed class RowFile(Stream source, string? drop, int features) : IAsyncDisposable
{
    private const int LeastLineBytes = 64 << 10;
    private const int BytesPerFeature = 64;

    // Somebody types, or another program sends rows one by one and waits for the answers.
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(100);

    private readonly PipeReader bytes = PipeReader.Create(source, new StreamPipeReaderOptions(bufferSize: 256 << 10));
    private readonly CsvRow csv = new(drop, features);
    private bool? isJson;
    private long row;
    private Task<ReadResult>? arriving;

    /// <summary>Whether the last part was given because nothing more had come: somebody may wait for its answers.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>Parts of at most <paramref name="most"/> rows, row-major; less when no more are there yet.</summary>
    /// <exception cref="CliFault">Names row, column and value.</exception>
    public async IAsyncEnumerable<float[]> PartsAsync(int most, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var part = new float[most * features];
        var count = 0;
        while (true)
        {
            arriving ??= bytes.ReadAsync(cancellationToken).AsTask();
            if (count == most || (count > 0 && await Task.WhenAny(arriving, Task.Delay(Linger, cancellationToken)) != arriving))
            {
                IsWaiting = count < most;
                yield return part[..(count * features)];
                count = 0;
                continue;
            }

            var arrived = await arriving;
            arriving = null;
            var rest = arrived.Buffer;
            while (count < most && TryLine(ref rest, arrived.IsCompleted, out var line))
            {
                count += TryRead(line, part.AsSpan(count * features, features)) ? 1 : 0;
            }

            var isOver = arrived.IsCompleted && rest.IsEmpty;
            bytes.AdvanceTo(rest.Start, count < most ? rest.End : rest.Start);
            if (isOver)
            {
                break;
            }
        }

        if (count > 0)
        {
            yield return part[..(count * features)];
        }
    }

    public ValueTask DisposeAsync() => bytes.CompleteAsync();

    private bool TryLine(ref ReadOnlySequence<byte> rest, bool isLast, out string line)
    {
        var end = rest.PositionOf((byte)'\n');
        var most = Math.Max(LeastLineBytes, (long)BytesPerFeature * features);
        line = "";
        var bytesOfLine = end is { } found ? rest.Slice(0, found) : rest;
        if (bytesOfLine.Length > most)
        {
            throw new CliFault($"row {row + 1} is longer than a row may be; allowed: at most {most} bytes", ExitCode.BadInput);
        }

        if (rest.IsEmpty || (end is null && !isLast))
        {
            return false;
        }

        line = Encoding.UTF8.GetString(bytesOfLine).Trim(' ', '\t', '\r', '\uFEFF');
        rest = end is { } newLine ? rest.Slice(rest.GetPosition(1, newLine)) : rest.Slice(rest.End);
        return true;
    }

    private bool TryRead(string line, Span<float> into)
    {
        if (line.Length == 0)
        {
            return false;
        }

        isJson ??= line[0] is '[' or '{';
        if (isJson != true)
        {
            return csv.TryRead(line, into);
        }

        row++;
        try
        {
            ReadJson(Encoding.UTF8.GetBytes(line), into);
        }
        catch (JsonException fault)
        {
            throw new CliFault(
                $"row {row} is no JSON list of numbers: {fault.Message.Split(". ", 2)[0]}; allowed: one list on each line",
                ExitCode.BadInput);
        }

        return true;
    }

    private void ReadJson(byte[] line, Span<float> into)
    {
        var reader = new Utf8JsonReader(line);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            throw new CliFault($"row {row} is no list; allowed: a list of numbers on each line, as in [0.5, 1.25]", ExitCode.BadInput);
        }

        var count = 0;
        for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; count++)
        {
            var value = 0f;
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetSingle(out value) || !float.IsFinite(value))
            {
                throw PredictInput.Wrong(row, count + 1, Encoding.UTF8.GetString(reader.ValueSpan));
            }

            if (count < into.Length)
            {
                into[count] = value;
            }
        }

        PredictInput.RequireCount(row, count, features, hint: "");
        _ = reader.Read(); // Refuses what stands behind the list.
    }
}
