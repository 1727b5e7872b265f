using System.Diagnostics;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Threads;

namespace SparseService.Cli.Bench.Scaling;

/// <summary>Of messages between two ranks that are threads of one process.</summary>
/// <param name="Latency">Seconds of a message of one number.</param>
internal sealed record LinkSpeed(double Latency, double BytesPerSecond)
{
    private const long LongMessage = 4 << 20;

    /// <summary>Sends to and fro; the fastest of many, as others use the machine too.</summary>
    public static LinkSpeed Measure()
    {
        var (latency, transfer) = (double.MaxValue, double.MaxValue);
        ThreadGroup.Run(2, ranks =>
        {
            using var memory = new DeviceBuffer<byte>(LongMessage);
            memory.Clear();
            for (var i = 0; i < 2000; i++)
            {
                var seconds = RoundTrip(ranks, memory, sizeof(float));
                latency = ranks.Rank == 0 ? Math.Min(latency, seconds / 2) : latency;
            }

            for (var i = 0; i < 50; i++)
            {
                var seconds = RoundTrip(ranks, memory, LongMessage);
                transfer = ranks.Rank == 0 ? Math.Min(transfer, seconds / 2) : transfer;
            }
        });
        return new LinkSpeed(latency, LongMessage / transfer);
    }

    private static unsafe double RoundTrip(ThreadCommunicator ranks, DeviceBuffer<byte> memory, long bytes)
    {
        var started = Stopwatch.GetTimestamp();
        for (var turn = 0; turn < 2; turn++)
        {
            var transfer = ranks.Rank == turn
                ? ranks.BeginSend(memory.Pointer, bytes, 1 - turn, 1)
                : ranks.BeginReceive(memory.Pointer, bytes, turn, 1);
            ranks.Wait(ref transfer);
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
