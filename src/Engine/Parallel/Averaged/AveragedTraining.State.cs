using System.Text.Json;
using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

// How a training begins on all ranks, and what it leaves in files.
internal sealed partial class AveragedTraining
{
    /// <summary>Collective. Rank 0 draws the model or reads it; the others take options, normalization and model from rank 0, whatever they would have drawn.</summary>
    /// <param name="checkpoint">Read by rank 0.</param>
    /// <param name="overrides">As in <see cref="Trainer.Resume"/>.</param>
    /// <exception cref="InvalidSpecException">The options cannot work, or do not fit the data or the checkpoint.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, or a rank has other data.</exception>
    public static AveragedTraining Open(
        ICommunicator ranks, TrainingOptions options, SampleStore data, Backend backend, Stream? checkpoint, TrainingOptions? overrides)
    {
        if (ranks.Rank > 0)
        {
            return Follow(ranks, data, backend);
        }

        var (state, trainRows, testRows) = checkpoint is null
            ? TrainingStart.New(options, data, backend)
            : TrainingStart.Resumed(checkpoint, data, overrides);
        RequireRanks(state.Options, ranks.Size);
        state.RequireWorkers(ranks.Size);
        var before = state.Workers;
        if (before is null && state.StepInEpoch > 0)
        {
            throw new InvalidSpecException([new SpecFault(
                "$.training.parallel.method", $"{state.Options.Parallel!.Method}", "as in the checkpoint until the epoch that it stands in is done")]);
        }

        state.Workers = null;
        Ship(ranks, state);
        var training = new AveragedTraining(ranks, state, data, backend, trainRows, testRows);
        if (before?.Count != ranks.Size)
        {
            before?.Dispose();
            before = null;
        }

        training.RequireStep();
        training.TakePlaces(before);
        return training;
    }

    public void WriteCheckpoint(Stream? destination)
    {
        var drawn = RankValues.Gather<long>(ranks, [worker.Drawn, gradient is { IsHeld: true } ? 1 : 0]);
        var sums = RankValues.Gather<double>(ranks, state.Sums.State);
        if (drawn is null || sums is null)
        {
            if (IsLocal)
            {
                ModelTransfer.Send(ranks, state.Network, 0);
            }
            else if (gradient is { IsHeld: true })
            {
                GradientTransfer.Send(ranks, gradient, 0);
            }

            return;
        }

        var others = Enumerable.Range(1, ranks.Size - 1);
        using var workers = new WorkersState
        {
            Drawn = drawn.Select(of => of[0]).ToArray(),
            Turn = exchange is ServerUpdates server ? server.Turn : turn,
            Sums = sums,
            Held = drawn.Select((of, rank) => of[1] == 0 || rank == 0 ? null : GradientTransfer.Receive(ranks, state.Network, rank)).ToArray(),
            Locals = IsLocal ? others.Select(rank => ModelTransfer.Receive(ranks, Options, rank)).ToArray() : [],
            Budget = budget,
        };
        var own = gradient is { IsHeld: true } ? gradient : null;
        workers.Held[0] = own;
        state.Workers = workers;
        try
        {
            CheckpointFile.Write(destination!, state);
        }
        finally
        {
            workers.Held[0] = null;
            state.Workers = null;
        }
    }

    public void WriteModel(Stream? destination)
    {
        if (ranks.Rank == 0)
        {
            ModelFile.Write(destination!, state);
        }
    }

    private static void RequireRanks(TrainingOptions options, int ranks)
    {
        if (options.Parallel?.Workers != ranks)
        {
            throw new InvalidSpecException(
                [new SpecFault("$.training.parallel.workers", $"{options.Parallel?.Workers}", $"{ranks}, the ranks that were started")]);
        }
    }

    private static void Ship(ICommunicator ranks, TrainerState state)
    {
        RankValues.Broadcast(ranks, JsonSerializer.SerializeToUtf8Bytes(state.Options, RunSpecJson.Options));
        RankValues.Broadcast(ranks, System.Text.Encoding.UTF8.GetBytes(state.Description.DataHash));
        RankValues.Broadcast(ranks, state.Description.Shift);
        RankValues.Broadcast(ranks, state.Description.Scale);
        RankValues.Broadcast<long>(ranks, [state.EpochsDone, state.Step, state.StepInEpoch]);
        if (!SharesModel(ranks, state.Options))
        {
            ModelTransfer.Broadcast(ranks, state.Network, state.Options);
        }
    }

    private static AveragedTraining Follow(ICommunicator ranks, SampleStore data, Backend backend)
    {
        var options = RunSpecJson.Read<TrainingOptions>(RankValues.Broadcast<byte>(ranks, null));
        var hash = System.Text.Encoding.UTF8.GetString(RankValues.Broadcast<byte>(ranks, null));
        if (hash != data.ContentHash)
        {
            throw new InvalidDataException($"Rank {ranks.Rank} has data {data.ContentHash}; allowed: {hash}, those of rank 0");
        }

        var (shift, scale) = (RankValues.Broadcast<float>(ranks, null), RankValues.Broadcast<float>(ranks, null));
        var place = RankValues.Broadcast<long>(ranks, null);
        var state = new TrainerState
        {
            Options = options,
            Network = SharesModel(ranks, options) ? new SparseNetwork([]) : ModelTransfer.Broadcast(ranks, null, options),
            Description = new ModelDescription(data.ContentHash, data.ClassNames, data.FeatureNames, data.Image, shift, scale),
            Sums = new EpochSums(options.Network.Layers.Count - 1),
            Scales = SumScales.Of(options),
            EpochsDone = (int)place[0],
            Step = place[1],
            StepInEpoch = (int)place[2],
        };
        var (trainRows, testRows) = TrainingStart.Split(options, data);
        var training = new AveragedTraining(ranks, state, data, backend, trainRows, testRows);
        training.TakePlaces(null);
        return training;
    }

    // Collective: where each worker stands, its held gradient or its own model.
    private void TakePlaces(WorkersState? before)
    {
        var drawn = RankValues.Broadcast(ranks, ranks.Rank > 0 ? null : before?.Drawn ?? []);
        worker.Drawn = drawn.Length == 0 ? (long)EpochsDone * worker.Batches : drawn[ranks.Rank];
        var held = RankValues.Broadcast(ranks, ranks.Rank > 0 ? null : before?.Held.Select(one => one is null ? 0L : 1).ToArray() ?? []);
        var sums = RankValues.Broadcast(ranks, ranks.Rank > 0 ? null : before?.Sums.SelectMany(one => one).ToArray() ?? []);
        if (sums.Length > 0)
        {
            var own = state.Sums.State;
            sums.AsSpan(own.Length * ranks.Rank, own.Length).CopyTo(own);
        }

        turn = before?.Turn ?? 0;
        var limits = RankValues.Broadcast(ranks, ranks.Rank > 0 ? null : before?.Budget ?? []);
        budget = limits.Length == 0 ? null : limits;
        if (ranks.Rank > 0)
        {
            gradient = held.Length > 0 && held[ranks.Rank] != 0 ? GradientTransfer.Receive(ranks, state.Network, 0) : null;
            if (IsLocal)
            {
                TakeNetwork(ModelTransfer.Receive(ranks, Options, 0));
            }

            return;
        }

        for (var rank = 1; rank < ranks.Size && before is not null; rank++)
        {
            if (before.Held[rank] is { } other)
            {
                GradientTransfer.Send(ranks, other, rank);
            }

            if (IsLocal)
            {
                ModelTransfer.Send(ranks, before.Locals[rank - 1], rank);
            }
        }

        if (before is not null)
        {
            gradient = before.Held[0];
            before.Held[0] = null;
            before.Dispose();
        }
    }

    private void TakeNetwork(SparseNetwork network)
    {
        if (shared is null)
        {
            state.Network.Dispose();
        }

        state.Network = network;
        worker.NetworkChanged();
    }

    private void RequireStep() => TrainingStart.RequireStepInEpoch(state, StepsPerEpoch);
}
