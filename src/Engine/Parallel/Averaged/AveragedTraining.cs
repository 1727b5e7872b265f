using System.Diagnostics;
using SparseService.Engine.Data;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Threads;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>
/// WASAP-SGD and WASSP-SGD (arXiv 2102.01732; specification, section 5). Phase 1: K workers, each on its shard, update one model, asynchronously or in step. Phase
/// 2: each trains and evolves a copy of its own; at the end the copies are averaged and cut back to as many connections as there were. Rank 0 has the model, tests
/// it and changes its topology, and is a worker like the others.
/// </summary>
internal sealed partial class AveragedTraining : IRankTraining
{
    private readonly ICommunicator ranks;
    private readonly TrainerState state;
    private readonly Backend backend;
    private readonly ShardWorker worker;
    private readonly int trainCount;
    private SharedModel? shared;
    private NetworkGradient? gradient;
    private IExchange? exchange;
    private long[]? budget;
    private int turn;
    private double trainSeconds;
    private double waitingSeconds;
    private CommunicationCounters counted = new();
    private long samples;

    private AveragedTraining(ICommunicator ranks, TrainerState state, SampleStore data, Backend backend, int[] trainRows, int[] testRows)
    {
        this.ranks = ranks;
        this.state = state;
        this.backend = backend;
        trainCount = trainRows.Length;
        if (SharesModel(ranks, Options))
        {
            shared = ((ThreadCommunicator)ranks).Share(() => new SharedModel(state.Network, ranks.Size));
            state.Network = shared.Network;
        }

        worker = new ShardWorker(state, data, backend, trainRows, testRows, ranks.Rank, ranks.Size);
    }

    public TrainingOptions Options => state.Options;

    public int EpochsDone => state.EpochsDone;

    public long Step => state.Step;

    public bool IsFinished => state.EpochsDone >= Options.Epochs;

    public long Nnz => state.Network.Nnz;

    public long DenseParameters => state.Network.Layers.Sum(layer => (long)layer.Weights.Rows * layer.Weights.Columns);

    /// <summary>Updates of the model; in phase 2 those of all copies, or (WASSP) of one.</summary>
    public int StepsPerEpoch => IsSynchronous || IsLocal ? worker.Batches * StepsAtOnce : trainCount / Options.BatchSize;

    /// <summary>This rank's network: phase 1 the model or what is known of it, phase 2 its own. For tests.</summary>
    internal SparseNetwork Network => state.Network;

    private bool IsSynchronous => Options.Parallel!.Method == ParallelMethod.Wassp;

    private bool IsLocal => budget is not null;

    /// <summary>What the step counter counts in phase 2 while each worker does one.</summary>
    private int StepsAtOnce => IsSynchronous ? 1 : ranks.Size;

    /// <summary>Epochs of phase 1.</summary>
    private int TogetherEpochs => Options.Epochs - Options.Parallel!.LocalEpochsOf(Options.Epochs);

    public EpochResult? TrainEpoch(Action<StepResult>? onStep, CancellationToken cancellationToken)
    {
        if (IsFinished)
        {
            throw new InvalidOperationException($"All {Options.Epochs} epochs are done; raise epochs and resume to train on");
        }

        var epoch = EpochsDone + 1;
        if (!IsLocal && epoch > TogetherEpochs)
        {
            BeginLocal(epoch);
        }

        var (started, waited) = (Stopwatch.GetTimestamp(), ranks.Counters.WaitingSeconds);
        var isCancelled = IsLocal
            ? TrainLocally(epoch, onStep, cancellationToken)
            : TrainTogether(epoch, onStep, cancellationToken);
        trainSeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
        waitingSeconds += ranks.Counters.WaitingSeconds - waited + (exchange?.TakeWaiting() ?? 0);
        if (isCancelled)
        {
            throw new OperationCanceledException(ranks.Rank == 0 ? cancellationToken : default);
        }

        GatherSums();
        return EndEpoch(epoch);
    }

    public void Dispose()
    {
        exchange?.Dispose();
        gradient?.Dispose();
        worker.Dispose();
        if (shared is null || state.Network != shared.Network)
        {
            state.Network.Dispose();
        }
    }

    // In lock-step every rank computes on a copy of its own: none may see what another does meanwhile.
    private static bool SharesModel(ICommunicator ranks, TrainingOptions options) =>
        ranks.SharesMemory && (options.Parallel!.Method == ParallelMethod.Wassp || !options.Parallel.LockStep);

    private bool TrainTogether(int epoch, Action<StepResult>? onStep, CancellationToken cancellationToken)
    {
        gradient ??= new NetworkGradient(state.Network);
        exchange ??= NewExchange();
        Prepare();
        var first = state.Step - state.StepInEpoch;
        var step = OptimizerStep.From(Options.Optimizer, WorkerRate.At(Options, epoch, isLocal: false), state.Step + 1);
        var factor = WorkerRate.Correction(Options, epoch, isLocal: false);
        exchange.Begin(new EpochPlan(step, factor, first, state.Step, first + StepsPerEpoch), gradient, cancellationToken);
        while (!exchange.IsOver)
        {
            if (!gradient.IsHeld)
            {
                gradient.Stamp = exchange.Updates;
                worker.Differentiate(gradient, epoch, exchange.Between);
            }

            if (exchange.Report(gradient))
            {
                gradient.IsHeld = false;
                state.Sums.Add(gradient.Sums);
                onStep?.Invoke(new StepResult(epoch, exchange.Updates, StepsPerEpoch, gradient.Sums.Loss / Options.BatchSize));
            }
        }

        exchange.End();
        if (gradient.IsHeld && !exchange.KeepsHeld)
        {
            gradient.IsHeld = false;
            worker.Drawn--;
        }

        state.Step = exchange.Updates;
        state.StepInEpoch = (int)(state.Step - first);
        return exchange.IsCancelled;
    }

    private IExchange NewExchange() => (shared, IsSynchronous, ranks.Rank) switch
    {
        ({ } model, false, _) => new SharedUpdates(ranks, model, backend),
        ({ } model, true, _) => new SharedSteps(ranks, model, backend),
        (null, true, _) => new MessageSteps(ranks, state.Network, backend),
        (null, false, 0) => new ServerUpdates(ranks, state.Network, backend, Options.Parallel!.LockStep, turn),
        _ => new ClientUpdates(ranks, state.Network),
    };

    // What the kernels derive from the patterns, made before several workers ask for it at once.
    private void Prepare()
    {
        if (shared is not null && ranks.Rank > 0)
        {
            return;
        }

        state.Network.Prepare(backend.Threads);
        foreach (var layer in state.Network.Layers.Skip(1))
        {
            backend.PrepareBackward(layer.Weights, layer.Transpose, PaddedBatch.Of(Options.BatchSize));
        }
    }

    // From here on every rank has a network of its own. A gradient that the model has not taken is dropped: phase 1 has had all its updates.
    private void BeginLocal(int epoch)
    {
        if (shared is not null)
        {
            state.Network = ranks.Rank == 0 ? shared.Network : ModelTransfer.Copy(shared.Network);
            ranks.Barrier();
            worker.NetworkChanged();
        }
        else
        {
            ModelTransfer.Broadcast(ranks, state.Network, Options);
        }

        exchange?.Dispose();
        gradient?.Dispose();
        (exchange, gradient, turn) = (null, null, 0);
        budget = state.Network.Layers.Select(layer => layer.Weights.Nnz).ToArray();
        worker.Drawn = (long)(epoch - 1) * worker.Batches;
        var layout = ParameterLayout.Of(state.Network);
        ModelUpdate.ScaleVelocity(state.Network, layout, 0, layout.Length, WorkerRate.Correction(Options, epoch, isLocal: true));
    }

    // No communication but the word that the training is cancelled.
    private bool TrainLocally(int epoch, Action<StepResult>? onStep, CancellationToken cancellationToken)
    {
        var place = RankValues.Broadcast<long>(ranks, [state.Step, state.StepInEpoch]);
        var first = place[0] - (place[1] * StepsAtOnce);
        var rate = WorkerRate.At(Options, epoch, isLocal: true);
        var (start, end) = ((long)(epoch - 1) * worker.Batches, (long)epoch * worker.Batches);
        var stop = new StopWord(ranks);
        while (worker.Drawn < end && !stop.IsGiven(cancellationToken))
        {
            var step = first + ((worker.Drawn - start) * StepsAtOnce) + 1;
            var loss = worker.Train(epoch, OptimizerStep.From(Options.Optimizer, rate, step));
            state.Step = first + ((worker.Drawn - start) * StepsAtOnce);
            state.StepInEpoch = (int)(worker.Drawn - start);
            onStep?.Invoke(new StepResult(epoch, state.Step, StepsPerEpoch, loss));
        }

        return stop.IsAgreed();
    }
}
