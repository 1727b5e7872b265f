using SparseService.Engine.Training;

namespace SparseService.Jobs.Events;

/// <summary>What the ranks of a parallel training did in an epoch: each of up to sixteen; of more the minimum, mean and maximum.</summary>
/// <param name="Count">How many ranks trained.</param>
/// <param name="Staleness">WASAP: entry s counts the updates that were s updates old when they were applied, over all ranks; the last entry also older
/// ones.</param>
public sealed record RanksPayload(int Count, IReadOnlyList<RankPayload> Shown, IReadOnlyList<long>? Staleness)
{
    private const int MostShown = 16;

    public static RanksPayload? Of(EpochResult result) => result.Ranks is not { Count: > 0 } ranks
        ? null
        : new RanksPayload(
            ranks.Count,
            ranks.Count <= MostShown
                ? ranks.Select(rank => Of($"{rank.Rank}", result, [rank], Enumerable.First)).ToArray()
                :
                [
                    Of("minimum", result, ranks, Enumerable.Min), Of("mean", result, ranks, Enumerable.Average), Of("maximum", result, ranks, Enumerable.Max),
                ],
            Sum(ranks));

    private static RankPayload Of(
        string name, EpochResult epoch, IReadOnlyList<RankStatistics> ranks, Func<IEnumerable<double>, double> of) => new(
        name,
        of(ranks.Select(rank => (double)rank.Samples)),
        of(ranks.Select(rank => (double)rank.BytesSent)),
        of(ranks.Select(rank => (double)rank.MessagesSent)),
        of(ranks.Select(rank => rank.WaitingShareOf(epoch))));

    private static long[]? Sum(IReadOnlyList<RankStatistics> ranks)
    {
        var counted = ranks.Where(rank => rank.Staleness is { Count: > 0 }).Select(rank => rank.Staleness!).ToArray();
        return counted.Length == 0
            ? null
            : Enumerable.Range(0, counted.Max(counts => counts.Count))
                .Select(entry => counted.Sum(counts => counts.ElementAtOrDefault(entry))).ToArray();
    }
}

/// <param name="Name">A rank's number, or <c>minimum</c>, <c>mean</c> or <c>maximum</c> of all.</param>
/// <param name="Samples">Samples that it trained on.</param>
/// <param name="BytesSent">To other ranks.</param>
/// <param name="MessagesSent">To other ranks.</param>
/// <param name="WaitingShare">Part of the epoch in which it waited for others, 0 to 1.</param>
public sealed record RankPayload(string Name, double Samples, double BytesSent, double MessagesSent, double WaitingShare);
