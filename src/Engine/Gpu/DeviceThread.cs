using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace SparseService.Engine.Gpu;

/// <summary>The host's thread for one device: does what it is given in its order, while the giver prepares what comes next.</summary>
/// <remarks>One giver at a time.</remarks>
internal sealed class DeviceThread : IDisposable
{
    // One is done, one waits: the giver is ahead by what it prepares.
    private readonly BlockingCollection<Action> work = new(boundedCapacity: 1);
    private readonly Thread thread;
    private Exception? fault;

    public DeviceThread(string name)
    {
        thread = new Thread(Work) { IsBackground = true, Name = name };
        thread.Start();
    }

    /// <summary>Gives it something to do, and waits if too much is left to be done. After a fault nothing more is done until it was thrown.</summary>
    /// <exception cref="Exception">As <see cref="Finish"/>.</exception>
    public void Post(Action action)
    {
        if (Volatile.Read(ref fault) is not null)
        {
            Finish();
        }

        work.Add(() =>
        {
            if (Volatile.Read(ref fault) is null)
            {
                action();
            }
        });
    }

    /// <summary>Waits until all is done.</summary>
    /// <exception cref="Exception">What the first action that failed has thrown; it is forgotten then.</exception>
    public void Finish()
    {
        using var done = new ManualResetEventSlim();
        work.Add(done.Set);
        done.Wait();
        if (Interlocked.Exchange(ref fault, null) is { } seen)
        {
            ExceptionDispatchInfo.Throw(seen);
        }
    }

    public void Dispose()
    {
        work.CompleteAdding();
        thread.Join();
        work.Dispose();
    }

    private void Work()
    {
        foreach (var action in work.GetConsumingEnumerable())
        {
            try
            {
                action();
            }
            catch (Exception thrown)
            {
                Interlocked.CompareExchange(ref fault, thrown, null);
            }
        }
    }
}
