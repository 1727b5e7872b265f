namespace SparseService.Cli.Bench.Workers;

/// <summary>Several sequential trainings, each on a thread of its own, which do an epoch at the same time.</summary>
internal sealed class SideBySide : IDisposable
{
    private readonly Barrier turn;
    private readonly Thread[] threads;
    private readonly SideRate[] rates;
    private bool isOver;

    public SideBySide(int count, Func<int, SequentialSide> begin)
    {
        turn = new Barrier(count + 1);
        rates = new SideRate[count];
        threads = Enumerable.Range(0, count).Select(index => new Thread(() => Serve(index, begin)) { IsBackground = true }).ToArray();
        Array.ForEach(threads, thread => thread.Start());
    }

    /// <summary>Summed over all.</summary>
    public SideRate Epoch()
    {
        turn.SignalAndWait();
        turn.SignalAndWait();
        return new SideRate(rates.Sum(rate => rate.Training), rates.Sum(rate => rate.Whole), 0);
    }

    public void Dispose()
    {
        isOver = true;
        turn.SignalAndWait();
        Array.ForEach(threads, thread => thread.Join());
        turn.Dispose();
    }

    private void Serve(int index, Func<int, SequentialSide> begin)
    {
        using var side = begin(index);
        while (true)
        {
            turn.SignalAndWait();
            if (isOver)
            {
                return;
            }

            rates[index] = side.Epoch();
            turn.SignalAndWait();
        }
    }
}
