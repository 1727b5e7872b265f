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
    // A row costs as much as so many of its connections, beside them: its activation and its stores (RowBlocks has the same number); backward, its
    // input's gradient.
    private const double RowWork = 8;

    /// <param name="layers">[layer][rank].</param>
    /// <param name="outputs">Neurons of the output layer.</param>
    /// <param name="samples">Of the minibatch.</param>
    /// <param name="aloneSeconds">What every rank does for itself whatever its rows: data, loss.</param>
    public static StepPrediction Of(
        IReadOnlyList<IReadOnlyList<RankLoad>> layers, MachineModel machine, int outputs, int samples, double aloneSeconds)
    {
        var (ranks, batch) = (layers[0].Count, PaddedBatch.Of(samples));
        var share = machine.RanksPerCore(ranks);
        var costs = new Costs(machine, share * machine.ConnectionSeconds(batch), share * machine.PackSeconds(batch), batch);
        var (compute, exposed) = (aloneSeconds * share, 0.0);
        for (var l = 0; l < layers.Count; l++)
        {
            var (forward, backward) = (default(Phase), default(Phase));
            foreach (var load in layers[l])
            {
                forward = Phase.Slower(forward, costs.Forward(load));
                backward = Phase.Slower(backward, costs.Backward(load, isFirst: l == 0));
            }

            compute += forward.Compute + backward.Compute;
            exposed += forward.Exposed + backward.Exposed;
        }

        var logits = ranks == 1 ? 0 : ((ranks - 1) * machine.Latency) + (sizeof(float) * (double)outputs * batch / machine.BytesPerSecond);
        return new StepPrediction(compute + exposed + logits, compute, exposed, logits);
    }

    /// <param name="Connection">Seconds of one connection and minibatch.</param>
    /// <param name="Pack">Seconds of what one neuron sends for a minibatch.</param>
    private readonly record struct Costs(MachineModel Machine, double Connection, double Pack, int Batch)
    {
        public Phase Forward(in RankLoad load)
        {
            var own = (load.OwnConnections + (RowWork * load.Rows)) * Connection;
            var ghosts = load.GhostConnections == 0 ? 0 : (load.GhostConnections + (RowWork / 2 * load.Rows)) * Connection;
            return new Phase((load.WordsOut * Pack) + own + ghosts, Math.Max(0, Exchange(load) - own));
        }

        // In the first layer there is no input gradient.
        public Phase Backward(in RankLoad load, bool isFirst)
        {
            var products = isFirst ? 1 : 2;
            var own = ((products * load.OwnConnections) + (RowWork * load.Rows)) * Connection;
            var ghosts = ((products * load.GhostConnections) + (RowWork * load.WordsIn)) * Connection;
            return new Phase(ghosts + own + (load.WordsOut * Pack), Math.Max(0, Exchange(load) - own));
        }

        private double Exchange(in RankLoad load) =>
            ((load.MessagesOut + load.MessagesIn) * Machine.Latency)
            + (sizeof(float) * Batch * Math.Max(load.WordsOut, load.WordsIn) / Machine.BytesPerSecond);
    }

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
