using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SparseService.Jobs.Queue;

namespace SparseService.Jobs.Training;

/// <summary>
/// Writes epochs beside training, in order. While the database is away they wait here (bounded) and training goes on; when it is back they
/// are written without a gap. When the lease is gone, or a fault will not pass, training is told to stop.
/// </summary>
internal sealed class RunRecorder
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly EpochWriter writer;
    private readonly RunLease lease;
    private readonly ILogger logger;
    private readonly Channel<EpochRecord> spool;
    private readonly Task writing;

    public RunRecorder(EpochWriter writer, RunLease lease, int spoolEpochs, ILogger logger)
    {
        this.writer = writer;
        this.lease = lease;
        this.logger = logger;
        spool = Channel.CreateBounded<EpochRecord>(spoolEpochs);
        writing = Task.Run(WriteAllAsync);
    }

    /// <summary>Takes a record over; blocks while the spool is full.</summary>
    public void Add(EpochRecord record, CancellationToken cancellationToken)
    {
        while (!spool.Writer.TryWrite(record))
        {
            if (!spool.Writer.WaitToWriteAsync(cancellationToken).AsTask().GetAwaiter().GetResult())
            {
                record.Dispose();
                return;
            }
        }
    }

    /// <summary>Waits until all records are written.</summary>
    /// <exception cref="LeaseLostException">Some are not: another worker has the run.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        spool.Writer.TryComplete();
        await writing.WaitAsync(cancellationToken);
    }

    /// <summary>Tries a write until it succeeds, the fault is one that will not pass, or the lease is lost.</summary>
    public static async Task PersistAsync(Func<CancellationToken, Task> write, RunLease lease, ILogger logger, CancellationToken cancellationToken)
    {
        var wait = TimeSpan.FromMilliseconds(100);
        while (true)
        {
            try
            {
                await write(cancellationToken);
                return;
            }
            catch (Exception fault) when (FaultPolicy.IsPassing(fault) && !cancellationToken.IsCancellationRequested)
            {
                if (lease.IsLost)
                {
                    throw new LeaseLostException(lease.Run.RunId, lease.Run.LeaseEpoch);
                }

                logger.LogWarning("Run {Run}: a write waits for the database: {Fault}", lease.Run.RunId, fault.Message);
                await Task.Delay(wait, cancellationToken);
                wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            }
        }
    }

    private async Task WriteAllAsync()
    {
        try
        {
            await foreach (var record in spool.Reader.ReadAllAsync())
            {
                using (record)
                {
                    await PersistAsync(token => writer.WriteAsync(record, token), lease, logger, CancellationToken.None);
                }
            }
        }
        catch
        {
            lease.Interrupt(Interruption.Fault);
            spool.Writer.TryComplete();
            while (spool.Reader.TryRead(out var unwritten))
            {
                unwritten.Dispose();
            }

            throw;
        }
    }
}
