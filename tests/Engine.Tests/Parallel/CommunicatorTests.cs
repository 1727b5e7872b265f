using SparseService.Engine.Parallel;

namespace SparseService.Engine.Tests.Parallel;

public sealed class CommunicatorTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sparse-ranks-");

    public static TheoryData<string> Transports => [.. RankGroup.Transports];

    public void Dispose() => folder.Delete(recursive: true);

    [Theory, MemberData(nameof(Transports))]
    public void Send_ManyOfTwoTags_ArriveInOrderWithinATag(string transport) =>
        RankGroup.Run(transport, 3, CommunicatorPrograms.KeepsOrder);

    [Theory, MemberData(nameof(Transports))]
    public void Receive_FromAnyRank_TakesEachSendersMessagesInOrder(string transport) =>
        RankGroup.Run(transport, 4, CommunicatorPrograms.ReceivesFromAnyone);

    [Theory, MemberData(nameof(Transports))]
    public void Receive_ShorterThanItsRoom_SaysHowLong(string transport) =>
        RankGroup.Run(transport, 2, CommunicatorPrograms.TakesAShorterMessage);

    [Theory, MemberData(nameof(Transports))]
    public void Send_LongMessagesInARing_ArriveWhole(string transport) =>
        RankGroup.Run(transport, 3, CommunicatorPrograms.ExchangesLongMessages);

    [Theory, MemberData(nameof(Transports))]
    public void AllToAll_RaggedPartsAlsoEmpty_LieInTheOrderOfTheRanks(string transport) =>
        RankGroup.Run(transport, 4, CommunicatorPrograms.ExchangesRaggedParts);

    [Theory]
    [InlineData("threads", 2)]
    [InlineData("threads", 3)]
    [InlineData("threads", 7)]
    [InlineData("mpi", 3)]
    [InlineData("mpi", 5)]
    public void AllReduce_NumbersWhoseOrderMatters_AreTheSameBitsOnEveryRankAndInEveryRun(string transport, int ranks)
    {
        var first = Reduce(transport, ranks);

        Assert.All(first, bits => Assert.Equal(first[0], bits));
        Assert.Equal(first[0], Reduce(transport, ranks)[0]);
        Assert.Equal(first[0], Reduce("threads", ranks)[0]);
    }

    [Theory, MemberData(nameof(Transports))]
    public void Broadcast_FromEachRank_ReachesAll(string transport) => RankGroup.Run(transport, 5, CommunicatorPrograms.Broadcasts);

    [Theory, MemberData(nameof(Transports))]
    public void Barrier_TwentyRounds_NobodyLeavesBeforeAllHaveCome(string transport) =>
        RankGroup.Run(transport, 5, CommunicatorPrograms.MeetsAtBarriers, folder.FullName);

    [Theory, MemberData(nameof(Transports))]
    public void Counters_AfterSendsAndWaits_SayWhatThisRankDid(string transport) =>
        RankGroup.Run(transport, 3, CommunicatorPrograms.Counts);

    [Theory, MemberData(nameof(Transports))]
    public void Everything_WithOneRank_Works(string transport) => RankGroup.Run(transport, 1, CommunicatorPrograms.WorksAlone);

    private byte[][] Reduce(string transport, int ranks)
    {
        RankGroup.Run(transport, ranks, CommunicatorPrograms.Reduces, folder.FullName);
        return Enumerable.Range(0, ranks).Select(rank => File.ReadAllBytes(Path.Combine(folder.FullName, $"{rank}"))).ToArray();
    }
}
