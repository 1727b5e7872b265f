using System.Diagnostics;

namespace SparseService.Client.Output;

/// <summary>How far bytes have come, on standard error: a bar on a terminal, one line at the end elsewhere.</summary>
internal sealed class ByteProgress(string what, long total) : IDisposable
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(100);
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private readonly Lock gate = new();
    private TimeSpan shown = -Frame;
    private long done;
    private long fresh;

    /// <summary>Bytes that were there before this call: they say nothing about the rate.</summary>
    public void Skip(long bytes)
    {
        lock (gate)
        {
            done += bytes;
        }
    }

    public void Add(long bytes)
    {
        lock (gate)
        {
            done += bytes;
            fresh += bytes;
            if (Terminal.ErrorsAreLive && watch.Elapsed - shown > Frame)
            {
                shown = watch.Elapsed;
                Console.Error.Write($"\r{Line()}\u001b[K");
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            Console.Error.WriteLine(Terminal.ErrorsAreLive ? $"\r{Line()}\u001b[K" : Line());
        }
    }

    private string Line()
    {
        const int Width = 24;
        var share = total == 0 ? 1 : Math.Clamp((double)done / total, 0, 1);
        var rate = fresh / Math.Max(0.001, watch.Elapsed.TotalSeconds);
        var bar = new string('█', (int)(share * Width)).PadRight(Width, '░');
        var left = share < 1 && rate > 0 ? $", {Words.Duration((total - done) / rate)} left" : "";
        return $"{Words.Fit(what, 40)}  {bar} {share:0 %}  {Words.Bytes(done)} of {Words.Bytes(total)}, {Words.Bytes(rate)}/s{left}";
    }
}
