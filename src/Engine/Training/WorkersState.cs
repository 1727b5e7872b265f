namespace SparseService.Engine.Training;

/// <summary>What a checkpoint of averaged training (WASAP, WASSP) holds besides the model: where each worker stands, and what is its own.</summary>
internal sealed class WorkersState : IDisposable
{
    /// <summary>Workers.</summary>
    public int Count => Drawn.Length;

    /// <summary>Minibatches that each worker has begun: its place in its shard.</summary>
    public required long[] Drawn { get; init; }

    /// <summary>Lock-step: the worker whose gradient comes next.</summary>
    public required int Turn { get; init; }

    /// <summary>Per worker what it has added up in the unfinished epoch.</summary>
    public required double[][] Sums { get; init; }

    /// <summary>Phase 1: per worker the gradient that it has computed and the model has not taken yet; null = none.</summary>
    public required NetworkGradient?[] Held { get; init; }

    /// <summary>Phase 2: the models of workers 1, 2, …; worker 0's is that of the file. Empty in phase 1.</summary>
    public required IReadOnlyList<SparseNetwork> Locals { get; init; }

    /// <summary>Phase 2: per layer the connections that the average may have. Null in phase 1.</summary>
    public required long[]? Budget { get; init; }

    /// <summary>Whether it was written in phase 2.</summary>
    public bool IsLocal => Budget is not null;

    public void Dispose()
    {
        foreach (var held in Held)
        {
            held?.Dispose();
        }

        foreach (var local in Locals)
        {
            local.Dispose();
        }
    }
}
