using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;

namespace SparseService.Engine.Parallel.Mpi;

/// <summary>
/// A TCP connection of each rank to rank 0, beside MPI: it says within seconds who has failed and why, also when a process was killed, its machine is gone or
/// a cable is cut, and also while no rank calls MPI.
/// </summary>
/// <remarks>
/// A star: rank 0 hears everyone and tells everyone. A process that was itself away (stopped, or its machine asleep) accuses nobody of the silence of that time.
/// </remarks>
internal sealed class Lifeline : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Away = Beat * 2;
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(2);

    private readonly int rank;
    private readonly TimeSpan silence;
    private readonly LifelineEnd[] ends;
    private readonly Action<RankFault> onFailure;
    private readonly CancellationTokenSource leaving = new();
    private readonly List<Task> work = [];
    private readonly object turn = new();
    private volatile RankFailedException? failure;

    private Lifeline(int rank, TimeSpan silence, LifelineEnd[] ends, Action<RankFault> onFailure)
    {
        (this.rank, this.silence, this.ends, this.onFailure) = (rank, silence, ends, onFailure);
        foreach (var end in ends)
        {
            work.Add(Task.Run(() => HearAsync(end)));
        }

        work.Add(Task.Run(BeatAsync));
    }

    /// <summary>The first that was heard of.</summary>
    public RankFailedException? Failure => failure;

    /// <summary>Collective: rank 0 says where it listens, the others connect.</summary>
    /// <param name="onFailure">Called once, on any thread, with the first failure.</param>
    public static Lifeline Tie(Communicator ranks, TimeSpan silence, Action<RankFault> onFailure)
    {
        using var meeting = ranks.Rank == 0 ? LifelineMeeting.Open() : new LifelineMeeting();
        Invite(ranks, meeting.Invitation);
        var ends = ranks.Rank == 0 ? meeting.Await(ranks.Size, silence) : [meeting.Join(ranks.Rank, silence)];
        return new Lifeline(ranks.Rank, silence, ends, onFailure);
    }

    /// <summary>Tells everyone that this rank has failed. Returns when it is told, or at once when a failure is known already.</summary>
    public void Fail(Exception fault)
    {
        if (fault is not RankFailedException)
        {
            Spread(RankFault.Of(rank, fault));
        }
    }

    /// <summary>All ranks leave together: the end of a connection is no failure then.</summary>
    public void Dispose()
    {
        leaving.Cancel();
        foreach (var end in ends)
        {
            end.TrySend(LifelineWord.Leave, string.Empty);
        }

        // Until the others have said so too: a connection that is closed early may swallow its last word.
        Task.WaitAll([.. work], Goodbye);
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

    private void Spread(RankFault first)
    {
        lock (turn)
        {
            if (failure is not null)
            {
                return;
            }

            failure = first.ToFailure();
            foreach (var end in ends)
            {
                end.TrySend(LifelineWord.Failure, first.ToJson());
            }
        }

        onFailure(first);
    }

    private void SpreadLoss(int lost, string how) => Spread(new RankFault { Rank = lost, Kind = string.Empty, Message = how });

    private async Task HearAsync(LifelineEnd end)
    {
        try
        {
            while (true)
            {
                var (word, text) = await end.HearAsync();
                if (word == LifelineWord.Leave)
                {
                    end.HasLeft = true;
                    return;
                }

                if (word == LifelineWord.Failure)
                {
                    Spread(RankFault.FromJson(text));
                }
            }
        }
        catch (Exception fault) when (fault is IOException or SocketException or ObjectDisposedException or JsonException)
        {
            if (!leaving.IsCancellationRequested)
            {
                SpreadLoss(end.Rank, "its process has ended");
            }
        }
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(Beat);
        var last = Stopwatch.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(leaving.Token))
            {
                var wasAway = Stopwatch.GetElapsedTime(last) > Away;
                last = Stopwatch.GetTimestamp();
                foreach (var end in ends)
                {
                    end.TrySend(LifelineWord.Alive, string.Empty);
                    if (wasAway)
                    {
                        end.CountAnew();
                    }
                    else if (end.Silence > silence && !end.HasLeft)
                    {
                        SpreadLoss(
                            end.Rank, $"it has not been heard of for {silence.TotalSeconds:0} s: its process hangs, or its machine or the network is gone");
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
