using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>
/// <see cref="SetEvolution"/> of a layer whose rows belong to different ranks: each changes its own rows. Told to the others are counts of magnitudes
/// (<see cref="SharedCut"/>), how many sites are free, and the few highest priorities.
/// </summary>
internal static class SharedEvolution
{
    /// <summary>Collective: one topology update of one layer.</summary>
    /// <returns>How many connections were replaced, of all ranks.</returns>
    public static long Evolve(ICommunicator communicator, RankLayer layer, OpenNeurons open, OwnColumns? ownColumns, TrainingOptions options, int epoch)
    {
        var evolution = options.Evolution!;
        var neurons = layer.Neurons.Own;
        var initializer = evolution.NewWeights == NewWeights.Zero
            ? WeightInitializer.Zero
            : WeightInitializer.For(options.Network.Weights, layer.Columns, layer.Neurons.Width, layer.LayerNnz);
        var stream = RandomStream.For(options.Seed, RandomPurpose.Evolution, epoch, layer.Index);
        var most = SetEvolution.MostDropped(layer.LayerNnz, evolution.DropFraction);

        var rows = layer.TakeOut();
        var cut = SharedCut.Of(communicator, rows.Weights, neurons, evolution.DropFraction);
        var dropped = cut.Dropped;
        rows.RemoveUnless(ref cut);
        if (dropped > 0)
        {
            rows = Grow(communicator, rows, neurons, open, ownColumns, (layer.LayerNnz, dropped, most), initializer, layer.Explored, ref stream);
        }

        layer.PutBack(rows, communicator);
        return dropped;
    }

    private static Connections Grow(
        ICommunicator communicator,
        Connections rows,
        int[] neurons,
        OpenNeurons open,
        OwnColumns? ownColumns,
        (long Nnz, long Dropped, long Most) counts,
        WeightInitializer initializer,
        ExplorationSketch explored,
        ref RandomStream stream)
    {
        long[] ownLeft = [ownColumns?.CountOwn(rows.Weights, neurons) ?? 0];
        if (ownColumns is not null)
        {
            communicator.AllReduce(ownLeft.AsSpan());
        }

        GrowthSites sites;
        GrowthSurvey own;
        ulong? from;
        do
        {
            sites = GrowthSites.Of(
                open, rows.Weights.Columns, counts.Nnz, counts.Most, ref stream, ownColumns, ownLeft[0], counts.Nnz - counts.Dropped);
            own = Regrowth.Survey(rows.Weights, sites, neurons);
        }
        while (!Together(communicator, own).TryCut(counts.Dropped, out from));

        // Rows that lose more than they gain have room; of the others some need more.
        var grown = own.Free - own.Watched.Count(priority => priority >= from);
        if (rows.Weights.Values.Capacity < rows.Weights.Nnz + grown)
        {
            var larger = RowSplit.WithRoom(rows, rows.Weights.Nnz + grown);
            rows.Dispose();
            rows = larger;
        }

        Regrowth.Grow(rows, grown, sites, from, initializer, explored, neurons);
        return rows;
    }

    private static GrowthSurvey Together(ICommunicator communicator, GrowthSurvey own)
    {
        if (communicator.Size == 1)
        {
            return own;
        }

        // The first number says how many are free.
        ulong[] mine = [(ulong)own.Free, .. own.Watched];
        var lengths = Ragged.Exchange(communicator, Copies(communicator.Size, new[] { mine.Length }), _ => 1);
        var survey = new GrowthSurvey();
        foreach (var told in Ragged.Exchange(communicator, Copies(communicator.Size, mine), rank => lengths[rank][0]))
        {
            survey.Add((long)told[0], told.AsSpan(1));
        }

        return survey;
    }

    private static T[][] Copies<T>(int count, T[] items) => Enumerable.Repeat(items, count).ToArray();
}
