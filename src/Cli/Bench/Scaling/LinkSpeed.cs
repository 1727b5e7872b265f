using System.Diagnostics;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel;
using SparseService.Engine.Parallel.Partitioned;
using SparseService.Engine.Parallel.Simulation;
using SparseService.Engine.Parallel.Threads;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Scaling;

/// <summary>Of messages between two ranks that are threads of one process. What is sent is copied by the receiver's processor,
/// so bytes cost work and no time beside it.</summary>
/// <param name="Latency">Seconds of a message of one number.</param>
/// <param name="ValueSeconds">That a neuron's values of a minibatch take to be packed, sent, copied, and added up at the other end,
/// beside their bytes.</param>
/// <param name="ValueByteSeconds">The same for each byte of them.</param>
internal sealed record LinkSpeed(double Latency, double ValueSeconds, double ValueByteSeconds)
{
    private const int Tries = 40;
    private static readonly (int Neurons, int Batch) Few = (20_000, 16);
    private static readonly (int Neurons, int Batch) Many = (2_000, 128);

    /// <summary>The fastest of many exchanges of each kind, as others use the machine too.</summary>
    public static LinkSpeed Measure()
    {
        var (few, many) = (PackSeconds(Few.Neurons, Few.Batch), PackSeconds(Many.Neurons, Many.Batch));
        var eachByte = Math.Max(0, (many - few) / (Many.Batch - Few.Batch) / sizeof(float));
        return new LinkSpeed(MessageSeconds(), Math.Max(0, few - (eachByte * Few.Batch * sizeof(float))), eachByte);
    }

    /// <summary>This machine with its ranks on threads.</summary>
    public MachineModel Machine(double flops) =>
        new(Latency, double.PositiveInfinity, flops, Environment.ProcessorCount, int.MaxValue, ValueSeconds, ValueByteSeconds);

    private static unsafe double MessageSeconds()
    {
        var fastest = double.MaxValue;
        ThreadGroup.Run(2, ranks =>
        {
            var number = 0f;
            for (var trip = 0; trip < 50 * Tries; trip++)
            {
                var started = Stopwatch.GetTimestamp();
                for (var turn = 0; turn < 2; turn++)
                {
                    var transfer = ranks.Rank == turn
                        ? ranks.BeginSend(&number, sizeof(float), 1 - turn, 1)
                        : ranks.BeginReceive(&number, sizeof(float), turn, 1);
                    ranks.Wait(ref transfer);
                }

                fastest = ranks.Rank == 0 ? Math.Min(fastest, Stopwatch.GetElapsedTime(started).TotalSeconds / 2) : fastest;
            }
        });
        return fastest;
    }

    // A layer whose neurons belong to two ranks by turns, each read by the other.
    private static double PackSeconds(int neurons, int batch)
    {
        var owners = Enumerable.Range(0, neurons).Select(neuron => neuron % 2).ToArray();
        var fastest = double.MaxValue;
        ThreadGroup.Run(2, ranks =>
        {
            using var there = new Exchanged(ranks, owners, batch);
            for (var trip = 0; trip < Tries; trip++)
            {
                var started = Stopwatch.GetTimestamp();
                there.Exchange();
                fastest = ranks.Rank == 0 ? Math.Min(fastest, Stopwatch.GetElapsedTime(started).TotalSeconds) : fastest;
            }
        });
        return fastest / neurons;
    }

    /// <summary>One layer's values to the other rank, and gradients back: as many both ways as the layer has neurons.</summary>
    private sealed class Exchanged : IDisposable
    {
        private readonly ICommunicator ranks;
        private readonly int batch;
        private readonly Ownership inputs;
        private readonly ExchangePlan plan;
        private readonly GhostExchange exchange;
        private readonly DeviceBuffer<float> values;
        private readonly DeviceBuffer<float> wire;
        private readonly DeviceBuffer<float> ghosts;
        private readonly Backend backend = Backend.Create(threads: 1);

        public Exchanged(ICommunicator ranks, int[] owners, int batch)
        {
            (this.ranks, this.batch, inputs) = (ranks, batch, new Ownership(owners, ranks.Rank, 2));
            plan = new ExchangePlan(inputs, 2);
            plan.Update(ranks, Enumerable.Range(0, owners.Length).ToArray());
            exchange = new GhostExchange(ranks, 1);
            values = Cleared((long)inputs.Own.Length * batch);
            wire = Cleared((long)plan.Sends.Length * batch);
            ghosts = Cleared((long)plan.Ghosts.Length * batch);
        }

        public void Exchange()
        {
            exchange.Expand(0, plan, values, wire, ghosts, batch);
            exchange.WaitForReceives(0);
            exchange.BeginFold(0, plan, wire, batch);
            exchange.Fold(0, plan, ghosts, batch);
            exchange.WaitForReceives(0);
            backend.FoldRows(wire, 0, plan.Sends, values, batch);
        }

        public void Dispose()
        {
            exchange.Finish();
            ranks.Barrier();
            values.Dispose();
            wire.Dispose();
            ghosts.Dispose();
            inputs.Dispose();
            backend.Dispose();
        }

        private static DeviceBuffer<float> Cleared(long length)
        {
            var buffer = new DeviceBuffer<float>(length);
            buffer.Clear();
            return buffer;
        }
    }
}
