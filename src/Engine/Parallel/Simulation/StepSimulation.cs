using SparseService.Engine.Kernels;

namespace SparseService.Engine.Parallel.Simulation;

/// <summary>
/// Predicts the time of one training step from what each rank has to do in each layer. Ranks wait for each other layer by layer, so a layer takes as long as
/// its slowest rank; inside a layer the exchange runs beside the connections from own inputs, as <see cref="Partitioned.RankPass"/> has it:
/// <code>
/// forward   max(own, exchange) + ghosts          exchange = messages·latency + bytes/bandwidth
/// backward  ghosts + max(own, exchange)
/// </code>
/// Then all logits go to all ranks, and each rank gathers the minibatch and computes the loss for itself.
/// </summary>
internal static class StepSimulation
{
    // A row costs as much as so many of its connections, beside them: its activation and its stores (RowBlocks has the same number).
    private const double RowWork = 8;

    // Packing a value before it is sent, and adding a gradient that came in, cost as much as so many connections.
    private const double WordWork = 2;

    /// <param name="layers">[layer][rank].</param>
    /// <param name="outputs">Neurons of the output layer.</param>
    /// <param name="samples">Of the minibatch.</param>
    /// <param name="aloneSeconds">What every rank does for itself whatever its rows: data, loss.</param>
    public static StepPrediction Of(
        IReadOnlyList<IReadOnlyList<RankLoad>> layers, MachineModel machine, int outputs, int samples, double aloneSeconds)
    {
        var ranks = layers[0].Count;
        var batch = PaddedBatch.Of(samples);
        var connectionSeconds = 2.0 * batch / machine.FlopsOfRank(ranks);
        var shared = Math.Max(1, (double)Math.Min(ranks, machine.RanksPerNode) / machine.Cores);
        var (compute, exposed) = (aloneSeconds * shared, 0.0);
        for (var l = 0; l < layers.Count; l++)
        {
            var (forward, backward) = (default(Phase), default(Phase));
            foreach (var load in layers[l])
            {
                forward = Phase.Slower(forward, Forward(load, connectionSeconds, machine, batch));
                backward = Phase.Slower(backward, Backward(load, l == 0, connectionSeconds, machine, batch));
            }

            compute += forward.Compute + backward.Compute;
            exposed += forward.Exposed + backward.Exposed;
        }

        var logits = ranks == 1 ? 0 : ((ranks - 1) * machine.Latency) + (sizeof(float) * (double)outputs * batch / machine.BytesPerSecond);
        return new StepPrediction(compute + exposed + logits, compute, exposed, logits);
    }

    private static Phase Forward(in RankLoad load, double connectionSeconds, MachineModel machine, int batch)
    {
        var own = (load.OwnConnections + (RowWork * load.Rows)) * connectionSeconds;
        var ghosts = load.GhostConnections == 0 ? 0 : (load.GhostConnections + (RowWork / 2 * load.Rows)) * connectionSeconds;
        var pack = WordWork * load.WordsOut * connectionSeconds;
        return new Phase(pack + own + ghosts, Math.Max(0, Exchange(load, machine, batch) - own));
    }

    // In the first layer there is no input gradient.
    private static Phase Backward(in RankLoad load, bool isFirst, double connectionSeconds, MachineModel machine, int batch)
    {
        var products = isFirst ? 1 : 2;
        var own = ((products * load.OwnConnections) + (RowWork * load.Rows)) * connectionSeconds;
        var ghosts = products * load.GhostConnections * connectionSeconds;
        var fold = WordWork * load.WordsOut * connectionSeconds;
        return new Phase(ghosts + own + fold, Math.Max(0, Exchange(load, machine, batch) - own));
    }

    private static double Exchange(in RankLoad load, MachineModel machine, int batch) =>
        ((load.MessagesOut + load.MessagesIn) * machine.Latency)
        + (sizeof(float) * batch * Math.Max(load.WordsOut, load.WordsIn) / machine.BytesPerSecond);

    /// <param name="Exposed">Time in which a rank has nothing to compute and waits for what is on its way.</param>
    private readonly record struct Phase(double Compute, double Exposed)
    {
        public static Phase Slower(Phase one, Phase other) => one.Compute + one.Exposed >= other.Compute + other.Exposed ? one : other;
    }
}

/// <summary>Of one step, in seconds.</summary>
/// <param name="Compute">Of the slowest rank, layers added up.</param>
/// <param name="Exposed">Of exchanges, what nothing is computed beside.</param>
/// <param name="Logits">All outputs to all ranks.</param>
internal sealed record StepPrediction(double Seconds, double Compute, double Exposed, double Logits);
