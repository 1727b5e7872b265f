namespace SparseService.Engine.Parallel.Averaged;

/// <summary>How ranks that work apart learn that rank 0 wants to stop: they look for its word between two steps, and agree at the end.</summary>
internal sealed unsafe class StopWord(ICommunicator ranks)
{
    private bool isGiven;

    /// <summary>Whether to stop now. Throws once a rank has failed.</summary>
    /// <param name="cancellationToken">Rank 0's counts.</param>
    public bool IsGiven(CancellationToken cancellationToken)
    {
        var isThere = ranks.IsThere(ranks.Rank == 0 ? ICommunicator.AnyRank : 0, Tags.Stop, out _);
        if (ranks.Rank > 0)
        {
            if (isThere)
            {
                Take();
            }
        }
        else if (!isGiven && cancellationToken.IsCancellationRequested)
        {
            isGiven = true;
            for (var rank = 1; rank < ranks.Size; rank++)
            {
                var send = ranks.BeginSend(null, 0, rank, Tags.Stop);
                ranks.Wait(ref send);
            }
        }

        return isGiven;
    }

    /// <summary>Collective.</summary>
    /// <returns>Whether rank 0 has given the word, the same on all ranks.</returns>
    public bool IsAgreed()
    {
        Span<long> given = [isGiven ? 1 : 0];
        ranks.AllReduce(given, Reduction.Maximum);
        if (given[0] != 0 && !isGiven)
        {
            Take();
        }

        return given[0] != 0;
    }

    private void Take()
    {
        var receive = ranks.BeginReceive(null, 0, 0, Tags.Stop);
        ranks.Wait(ref receive);
        isGiven = true;
    }
}
