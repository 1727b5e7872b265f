using System.IO.Pipelines;

namespace SparseService.Api.Models.Predictions;

/// <summary>The rows of a body, some at a time. Holds no more than what the server has buffered of the body.</summary>
internal sealed class RowStream(PipeReader body, IRowFormat format, int features) : IAsyncDisposable
{
    // Bytes of one upload arrive within less; who sends a row and waits for its answer does not notice.
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(5);

    private Task<ReadResult>? arriving;

    /// <summary>Why the next call will throw; the rows before it have been given.</summary>
    public Exception? Fault { get; private set; }

    public bool IsAtEnd { get; private set; }

    /// <summary>Rows that have been given.</summary>
    public long Count { get; private set; }

    /// <summary>Reads as many rows as <paramref name="strip"/> holds, fewer at the end and before a fault.</summary>
    /// <param name="isImpatient">Also fewer, but one, when the next is not there yet.</param>
    /// <returns>0 at the end.</returns>
    public async ValueTask<int> ReadAsync(Memory<float> strip, bool isImpatient, CancellationToken cancellationToken)
    {
        if (Fault is not null)
        {
            throw Fault;
        }

        var count = 0;
        var most = strip.Length / features;
        while (!IsAtEnd && count < most && Fault is null)
        {
            if (await ArriveAsync(isImpatient && count > 0, cancellationToken) is not { } arrived)
            {
                break;
            }

            var rest = arrived.Buffer;
            try
            {
                while (count < most && format.TryRead(ref rest, arrived.IsCompleted, strip.Span.Slice(count * features, features)))
                {
                    count++;
                }

                IsAtEnd = arrived.IsCompleted && count < most;
            }
            catch (RefusedException fault) when (count > 0)
            {
                Fault = fault;
            }
            finally
            {
                // What has been looked at in vain need not be offered again before more is there.
                body.AdvanceTo(rest.Start, count < most ? rest.End : rest.Start);
            }
        }

        Count += count;
        return count;
    }

    public async ValueTask DisposeAsync()
    {
        if (arriving is null)
        {
            return;
        }

        body.CancelPendingRead();
        try
        {
            body.AdvanceTo((await arriving).Buffer.Start);
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            // Nobody wants these bytes any more.
        }
    }

    private async ValueTask<ReadResult?> ArriveAsync(bool isImpatient, CancellationToken cancellationToken)
    {
        if (arriving is null)
        {
            var read = body.ReadAsync(cancellationToken);
            if (read.IsCompletedSuccessfully)
            {
                return read.Result;
            }

            arriving = read.AsTask();
        }

        if (isImpatient && await Task.WhenAny(arriving, Task.Delay(Linger, cancellationToken)) != arriving)
        {
            return null;
        }

        var arrived = arriving;
        arriving = null;
        return await arrived;
    }
}
