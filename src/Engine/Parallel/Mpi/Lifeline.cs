using System.Net.Sockets;

namespace SparseService.Engine.Parallel.Mpi;

/// <summary>
/// A TCP connection of each rank to rank 0, beside MPI: it says within seconds who has failed and why, also when a process was killed, its machine is gone or
/// a cable is cut, and also while no rank calls MPI.
/// </summary>
/// <remarks>A star: rank 0 hears everyone and tells everyone.</remarks>
internal sealed class Lifeline : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly int rank;
    private readonly TimeSpan silence;
    private readonly LifelineEnd[] ends;
    private readonly CancellationTokenSource leaving = new();
    private readonly List<Task> work = [];
    private readonly object turn = new();
    private volatile RankFailedException? failure;

    private Lifeline(int rank, TimeSpan silence, LifelineEnd[] ends)
    {
        (this.rank, this.silence, this.ends) = (rank, silence, ends);
        foreach (var end in ends)
        {
            work.Add(Task.Run(() => HearAsync(end)));
        }

        work.Add(Task.Run(BeatAsync));
    }

    /// <summary>The first that was heard of.</summary>
    public RankFailedException? Failure => failure;

    /// <summary>Collective: rank 0 says where it listens, the others connect.</summary>
    public static Lifeline Tie(Communicator ranks, TimeSpan silence)
    {
        using var meeting = ranks.Rank == 0 ? LifelineMeeting.Open() : new LifelineMeeting();
        Invite(ranks, meeting.Invitation);
        var ends = ranks.Rank == 0 ? meeting.Await(ranks.Size, silence) : [meeting.Join(ranks.Rank, silence)];
        return new Lifeline(ranks.Rank, silence, ends);
    }

    /// <summary>Tells everyone that this rank has failed. Returns when it is told, or at once when a failure is known already.</summary>
    public void Fail(Exception fault)
    {
        if (fault is not RankFailedException)
        {
            Spread(new RankFailedException(rank, fault.Message, fault));
        }
    }

    /// <summary>All ranks leave together: the end of a connection is no failure then.</summary>
    public void Dispose()
    {
        leaving.Cancel();
        foreach (var end in ends)
        {
            end.TrySend(LifelineWord.Leave, rank, string.Empty);
        }

        foreach (var end in ends)
        {
            end.Dispose();
        }

        Task.WaitAll([.. work]);
        leaving.Dispose();
    }

    private static unsafe void Invite(Communicator ranks, byte[] invitation)
    {
        fixed (byte* at = invitation)
        {
            ranks.Broadcast(at, invitation.Length, 0);
        }
    }

    private void Spread(RankFailedException first)
    {
        lock (turn)
        {
            if (failure is not null)
            {
                return;
            }

            failure = first;
            foreach (var end in ends)
            {
                end.TrySend(LifelineWord.Failure, first.Rank, first.Reason);
            }
        }
    }

    private async Task HearAsync(LifelineEnd end)
    {
        try
        {
            while (true)
            {
                var (word, of, text) = await end.HearAsync();
                if (word == LifelineWord.Leave)
                {
                    end.HasLeft = true;
                    return;
                }

                if (word == LifelineWord.Failure)
                {
                    Spread(new RankFailedException(of, text));
                }
            }
        }
        catch (Exception fault) when (fault is IOException or SocketException or ObjectDisposedException)
        {
            if (!leaving.IsCancellationRequested)
            {
                Spread(new RankFailedException(end.Rank, "its process has ended", fault));
            }
        }
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(Beat);
        try
        {
            while (await timer.WaitForNextTickAsync(leaving.Token))
            {
                foreach (var end in ends)
                {
                    end.TrySend(LifelineWord.Alive, rank, string.Empty);
                    if (end.Silence > silence && !end.HasLeft)
                    {
                        Spread(new RankFailedException(
                            end.Rank, $"it has not been heard of for {silence.TotalSeconds:0} s: its process hangs, or its machine or the network is gone"));
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The group leaves.
        }
    }
}
