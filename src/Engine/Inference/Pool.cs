namespace SparseService.Engine.Inference;

/// <summary>Things that are lent to one caller each; made when they are first needed, up to a number. Who finds all of them lent waits.</summary>
/// <param name="make">Makes one more.</param>
/// <param name="most">At least 1.</param>
internal sealed class Pool<T>(Func<T> make, int most) : IDisposable
    where T : IDisposable
{
    private readonly object gate = new();
    private readonly Stack<T> free = new();
    private int made;

    /// <summary>How many there are, lent or not.</summary>
    public int Made => Volatile.Read(ref made);

    public T Take()
    {
        lock (gate)
        {
            while (free.Count == 0 && made == most)
            {
                Monitor.Wait(gate);
            }

            if (free.TryPop(out var one))
            {
                return one;
            }

            made++;
        }

        try
        {
            return make();
        }
        catch
        {
            lock (gate)
            {
                made--;
                Monitor.Pulse(gate);
            }

            throw;
        }
    }

    public void GiveBack(T one)
    {
        lock (gate)
        {
            free.Push(one);
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Called when nothing is lent any more.</summary>
    public void Dispose()
    {
        while (free.TryPop(out var one))
        {
            one.Dispose();
        }
    }
}
