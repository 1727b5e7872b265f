using System.Diagnostics;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

// What follows the steps of an epoch: sums of all ranks, test, topology, report.
internal sealed partial class AveragedTraining
{
    // Rank 0's sums become those of all.
    private void GatherSums()
    {
        samples += (long)state.Sums.Samples;
        var all = RankValues.Gather<double>(ranks, state.Sums.State);
        if (all is null)
        {
            state.Sums.Clear();
            return;
        }

        foreach (var sums in all.Skip(1))
        {
            state.Sums.Add(new EpochSums(sums));
        }
    }

    private EpochResult? EndEpoch(int epoch)
    {
        var isLast = epoch == Options.Epochs;
        var changes = state.Network.Layers.Select(_ => new LayerChanges()).ToArray();
        var evolution = Stopwatch.StartNew();
        if (ranks.Rank == 0)
        {
            RequireFinite(state.Sums.GradientSquares, epoch);
        }

        var gradients = state.Sums.Samples / Options.BatchSize;
        var wasLocal = IsLocal;
        if (isLast && IsLocal)
        {
            Average();
        }

        if (isLast && Options.Pruning?.FinalPercentile is { } percentile)
        {
            PruneFinally(percentile, changes, wasLocal);
        }

        evolution.Stop();
        var test = Stopwatch.StartNew();
        var tested = Test(wasLocal);
        test.Stop();
        var ranksStatistics = GatherStatistics();
        EpochResult? result = null;
        if (ranks.Rank == 0)
        {
            RequireFinite(tested.Loss, epoch);
            state.SeeAccuracy(tested.Accuracy);
            result = EpochReport.Of(
                state, state.Sums, epoch, gradients, tested, worker.EverActive, WorkerRate.At(Options, epoch, wasLocal), trainSeconds, backend.Threads);
        }

        evolution.Start();
        ChangeTopology(epoch, changes, wasLocal);
        evolution.Stop();
        state.EpochsDone++;
        state.StepInEpoch = 0;
        state.Sums.Clear();
        (trainSeconds, waitingSeconds, samples) = (0, 0, 0);
        return result is null ? null : EpochReport.With(result, changes, evolution.Elapsed.TotalSeconds, test.Elapsed.TotalSeconds) with { Ranks = ranksStatistics };
    }

    // Phase 1: every rank has the model, so each tests a share. Phase 2: rank 0's own, and after the last epoch the average.
    private TestResult Test(bool isLocal)
    {
        if (isLocal)
        {
            if (ranks.Rank > 0)
            {
                return default;
            }

            var (lossSum, correct) = worker.TestShare(0, 1);
            return worker.ResultOf(lossSum, correct);
        }

        var share = worker.TestShare(ranks.Rank, ranks.Size);
        foreach (var active in worker.EverActive)
        {
            var reduced = Array.ConvertAll(active, one => one ? 1f : 0);
            ranks.AllReduce(reduced.AsSpan(), Reduction.Maximum);
            for (var neuron = 0; neuron < active.Length; neuron++)
            {
                active[neuron] = reduced[neuron] > 0;
            }
        }

        var all = RankValues.Gather<double>(ranks, [share.LossSum, share.Correct]);
        return all is null ? default : worker.ResultOf(all.Sum(one => one[0]), all.Sum(one => one[1]));
    }

    // Phase 1: rank 0 changes the model; gradients that were computed before are brought over to its new pattern. Phase 2: everyone changes his own.
    private void ChangeTopology(int epoch, LayerChanges[] changes, bool isLocal)
    {
        if (isLocal)
        {
            state.Network.ChangeAfter(epoch, Options with { Seed = worker.Seed }, changes, backend.Threads);
            return;
        }

        using var before = gradient!.IsHeld ? NetworkPattern.Of(state.Network) : null;
        ranks.Barrier();
        var versions = Versions();
        if (ranks.Rank == 0)
        {
            state.Network.ChangeAfter(epoch, Options, changes, shared is null ? backend.Threads : backend.Threads * ranks.Size);
            Prepare();
        }

        var changed = RankValues.Broadcast<long>(ranks, [Versions() != versions ? 1 : 0])[0] != 0;
        if (changed)
        {
            ModelChanged(before);
        }
    }

    private void PruneFinally(double percentile, LayerChanges[] changes, bool wasLocal)
    {
        if (ranks.Rank == 0)
        {
            state.Network.Prune(percentile, changes, backend.Threads);
        }

        if (wasLocal)
        {
            return;
        }

        gradient!.IsHeld = false;
        if (ranks.Rank == 0)
        {
            Prepare();
        }

        ranks.Barrier();
        ModelChanged(null);
    }

    private void ModelChanged(NetworkPattern? before)
    {
        if (shared is null)
        {
            ModelTransfer.Broadcast(ranks, state.Network, Options);
        }

        if (before is null)
        {
            gradient!.Reset(state.Network);
        }
        else
        {
            gradient!.MoveTo(state.Network, before);
        }
    }

    private long Versions() => state.Network.Layers.Sum(layer => layer.Weights.PatternVersion);

    private void Average()
    {
        if (ranks.Rank > 0)
        {
            ModelTransfer.Send(ranks, state.Network, 0);
        }
        else
        {
            using var average = new UnionAverage(state.Network);
            for (var rank = 1; rank < ranks.Size; rank++)
            {
                using var other = ModelTransfer.Receive(ranks, Options, rank);
                average.Add(other);
            }

            var own = state.Network;
            state.Network = average.Result(Options, budget!);
            if (shared is null || own != shared.Network)
            {
                own.Dispose();
            }

            worker.NetworkChanged();
        }

        budget = null;
    }

    private RankStatistics[]? GatherStatistics()
    {
        var now = ranks.Counters;
        var staleness = exchange?.Staleness;
        double[] own =
        [
            samples, now.BytesSent - counted.BytesSent, now.MessagesSent - counted.MessagesSent,
            waitingSeconds, trainSeconds,
            .. (staleness?.Counts ?? []).Select(count => (double)count),
        ];
        staleness?.Clear();
        counted = new CommunicationCounters { BytesSent = now.BytesSent, MessagesSent = now.MessagesSent };
        return RankValues.Gather<double>(ranks, own)?.Select((of, rank) => new RankStatistics
        {
            Rank = rank,
            Samples = (long)of[0],
            BytesSent = (long)of[1],
            MessagesSent = (long)of[2],
            WaitingSeconds = of[3],
            TrainSeconds = of[4],
            Staleness = staleness is null ? null : of.Skip(5).Select(count => (long)count).ToArray(),
        }).ToArray();
    }

    private void RequireFinite(double value, int epoch)
    {
        if (!double.IsFinite(value))
        {
            throw new TrainingDivergedException(epoch, state.Step + 1, value);
        }
    }
}
