using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>What rank 0 says of an epoch, from what all ranks know.</summary>
internal static class RankReport
{
    /// <summary>Collective: statistics of the present network; at most two layers are on rank 0 at a time.</summary>
    /// <param name="everActive">[hidden layer][own neuron].</param>
    /// <param name="sums">Over all ranks.</param>
    /// <param name="steps">Of the epoch.</param>
    /// <returns>Null on all ranks but 0.</returns>
    public static NetworkStatistics? StatisticsOf(
        ICommunicator communicator, RankNetwork network, bool[][] everActive, EpochSums sums, double steps)
    {
        var statistics = new List<LayerStatistics>();
        float[] importance = [];
        SparseLayer? before = null;
        bool[]? activeBefore = null;
        foreach (var layer in network.Layers)
        {
            var whole = LayerGather.Of(communicator, layer, withState: false);
            var active = layer.Index < everActive.Length ? Ragged.GatherRows(communicator, layer.Neurons, everActive[layer.Index]) : null;
            if (before is not null)
            {
                statistics.Add(Training.StatisticsOf.Layer(before, whole, activeBefore, Norm(before.Index)));
                before.Dispose();
            }

            importance = layer.Index == 0 && whole is not null ? NeuronStrength.Outgoing(whole.Weights) : importance;
            (before, activeBefore) = (whole, active);
        }

        if (before is null)
        {
            return null;
        }

        statistics.Add(Training.StatisticsOf.Layer(before, null, null, Norm(before.Index)));
        before.Dispose();
        return new NetworkStatistics { Layers = statistics, InputImportance = importance };

        double Norm(int layer) => Math.Sqrt(sums.WeightGradientSquares[layer] / steps);
    }

    /// <summary>Collective: what each rank did since this was last asked.</summary>
    /// <param name="samples">Samples that each rank trained on: all of them.</param>
    public static RankStatistics[] RanksOf(ICommunicator communicator, long samples, double trainSeconds)
    {
        const int numbers = 4;
        var counters = communicator.Counters.Take();
        var all = new double[communicator.Size * numbers];
        double[] own = [counters.BytesSent, counters.MessagesSent, counters.WaitingSeconds, trainSeconds];
        own.CopyTo(all, communicator.Rank * numbers);
        communicator.AllReduce(all);
        return Enumerable.Range(0, communicator.Size).Select(rank => new RankStatistics
        {
            Rank = rank,
            Samples = samples,
            BytesSent = (long)all[rank * numbers],
            MessagesSent = (long)all[(rank * numbers) + 1],
            WaitingSeconds = all[(rank * numbers) + 2],
            TrainSeconds = all[(rank * numbers) + 3],
        }).ToArray();
    }
}
