namespace SparseService.Engine.Parallel;

/// <summary>A rank of a parallel training failed, and with it the training.</summary>
/// <param name="rank">Which.</param>
public sealed class RankFailedException(int rank, string message, Exception? inner = null) : Exception($"Rank {rank}: {message}", inner)
{
    public int Rank { get; } = rank;
}
