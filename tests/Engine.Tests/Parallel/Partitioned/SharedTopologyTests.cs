using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel;
using SparseService.Engine.Parallel.Partitioned;
using SparseService.Engine.Sparse;
using SparseService.Engine.Tests.Kernels;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Tests.Parallel.Partitioned;

/// <summary>Topology changes of rows that belong to different ranks, held against the same changes of the whole layer.</summary>
public sealed class SharedTopologyTests
{
    private const int Rows = 61;
    private const int Columns = 37;

    public static TheoryData<string, int, int> Cases()
    {
        var cases = new TheoryData<string, int, int>();
        foreach (var distinct in new[] { 1, 2, 3, 1000 })
        {
            foreach (var ranks in new[] { 1, 2, 3, 4, 70 })
            {
                cases.Add("threads", ranks, distinct);
            }

            cases.Add("mpi", 3, distinct);
        }

        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void SharedCut_AnyRanksAndManyEqualValues_DropsWhatTheWholeLayerDrops(string transport, int ranks, int distinctValues) =>
        RankGroup.Run(transport, ranks, CutsAsTheWhole, $"{distinctValues}");

    [Theory]
    [InlineData("threads", 2)]
    [InlineData("threads", 5)]
    [InlineData("mpi", 4)]
    public void ExchangePlan_UpdatedThroughRandomEvolutions_IsThePlanMadeAnew(string transport, int ranks) =>
        RankGroup.Run(transport, ranks, UpdatesAPlan);

    [Fact]
    public void Split_ThenJoin_GivesTheSameConnections()
    {
        var random = RandomStream.For(3, RandomPurpose.Shuffle);
        for (var round = 0; round < 30; round++)
        {
            var parts = 1 + (round % 4);
            var owners = Enumerable.Range(0, Columns).Select(_ => (int)random.NextBelow(parts)).ToArray();
            using var inputs = new Ownership(owners, rank: 0, parts);
            using var whole = Layer(round, distinctValues: 1000);
            int[] ghosts = [.. Enumerable.Range(0, Columns).Where(column => owners[column] != 0).OrderBy(column => owners[column]).ThenBy(column => column)];

            var (own, ghost) = RowSplit.Split(whole, inputs, ghosts);
            own.Weights.Check();
            ghost.Weights.Check();
            using var joined = RowSplit.Join(own, ghost, inputs, ghosts, Columns);

            Assert.Equal(Everything(whole), Everything(joined));
            own.Dispose();
            ghost.Dispose();
        }
    }

    private static void CutsAsTheWhole(ICommunicator ranks, string distinctValues)
    {
        var distinct = int.Parse(distinctValues, System.Globalization.CultureInfo.InvariantCulture);
        for (var round = 0; round < 12; round++)
        {
            var dropFraction = new[] { 0, 0.3, 0.5, 0.97 }[round % 4];
            var random = RandomStream.For(9, RandomPurpose.Shuffle, round, distinct);
            var owners = Enumerable.Range(0, Rows).Select(_ => (int)random.NextBelow(ranks.Size)).ToArray();
            using var neurons = new Ownership(owners, ranks.Rank, ranks.Size);
            using var whole = Layer(round, distinct);
            using var own = RowSplit.Take(whole, neurons.Own);

            var cut = SharedCut.Of(ranks, own.Weights, neurons.Own, dropFraction);
            own.RemoveUnless(ref cut);
            var dropped = SetEvolution.Drop(whole, dropFraction);

            using var expected = RowSplit.Take(whole, neurons.Own);
            Assert.Equal(dropped, cut.Dropped);
            Assert.Equal(Everything(expected), Everything(own));
        }
    }

    private static void UpdatesAPlan(ICommunicator ranks, string argument)
    {
        var random = RandomStream.For(4, RandomPurpose.Shuffle);
        var owners = Enumerable.Range(0, 50).Select(_ => (int)random.NextBelow(ranks.Size)).ToArray();
        using var inputs = new Ownership(owners, ranks.Rank, ranks.Size);
        var plan = new ExchangePlan(inputs, ranks.Size);
        var mine = RandomStream.For(5, RandomPurpose.Shuffle, ranks.Rank);
        for (var round = 0; round < 40; round++)
        {
            // Now and then nothing, or everything; mostly a random half.
            var share = new[] { 0.5, 0, 0.5, 1, 0.1, 0.9 }[round % 6];
            int[] read = [.. Enumerable.Range(0, owners.Length).Where(_ => mine.NextDouble() < share)];
            plan.Update(ranks, read);
            var anew = new ExchangePlan(inputs, ranks.Size);
            anew.Update(ranks, read);

            Assert.Equal(anew.Ghosts, plan.Ghosts);
            Assert.Equal(anew.GhostStarts, plan.GhostStarts);
            Assert.Equal(anew.Sends, plan.Sends);
            Assert.Equal(anew.SendStarts, plan.SendStarts);
            Assert.Equal(read.Where(neuron => owners[neuron] != ranks.Rank).OrderBy(neuron => (owners[neuron], neuron)), plan.Ghosts);
            long[] balance = [plan.Ghosts.Length - plan.Sends.Length];
            ranks.AllReduce(balance);
            Assert.Equal(0, balance[0]);
        }
    }

    private static Connections Layer(int seed, int distinctValues)
    {
        var weights = KernelData.Matrix(Rows, Columns, 0.4, (ulong)seed);
        for (var k = 0L; k < weights.Nnz; k++)
        {
            weights.Values[k] = MathF.Round(weights.Values[k] * distinctValues) / distinctValues;
        }

        return new Connections(weights, [KernelData.Buffer(KernelData.Vector((int)weights.Nnz, seed: 8)), KernelData.Buffer(KernelData.Vector((int)weights.Nnz, seed: 9))]);
    }

    private static long[] Everything(Connections of) =>
    [
        .. of.Weights.RowOffsets.Span, .. of.Weights.ColumnIndices.ToArray(), .. KernelData.Bits(of.Weights.Values.Span), .. KernelData.Bits(of.State[0].Span),
        .. KernelData.Bits(of.State[1].Span),
    ];
}
