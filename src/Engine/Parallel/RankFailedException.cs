namespace SparseService.Engine.Parallel;

/// <summary>A rank of a parallel training failed, and with it the training.</summary>
/// <param name="rank">Which.</param>
/// <param name="reason">Why.</param>
public sealed class RankFailedException(int rank, string reason, Exception? inner = null) : Exception($"Rank {rank}: {reason}", inner)
{
    public int Rank { get; } = rank;

    public string Reason { get; } = reason;
}
