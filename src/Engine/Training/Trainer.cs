using System.Diagnostics;
using SparseService.Engine.Data;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Training;

/// <summary>Trains one sparse network, epoch by epoch.</summary>
/// <remarks>One caller at a time. Sequential training is bit-reproducible for any number of threads.</remarks>
public sealed class Trainer : ITraining
{
    private readonly TrainerState state;
    private readonly SampleStore data;
    private readonly Backend backend;
    private readonly Workspace workspace;
    private readonly Evaluator evaluator;
    private readonly MinibatchPass pass;
    private readonly int[] trainRows;
    private readonly int[] order;
    private double trainSeconds;
    private int shuffledEpoch;

    private Trainer(TrainerState state, SampleStore data, Backend backend, int[] trainRows, int[] testRows)
    {
        this.state = state;
        this.data = data;
        this.backend = backend;
        this.trainRows = trainRows;
        state.Network.Prepare(backend.Threads);
        order = new int[trainRows.Length];
        workspace = new Workspace(Options.Network.Layers, Options.BatchSize);
        evaluator = new Evaluator(state, data, backend, workspace, testRows);
        pass = new MinibatchPass(state, backend, workspace, evaluator, Options.Seed);
    }

    /// <summary>As stored in the checkpoint or given to Create.</summary>
    public TrainingOptions Options => state.Options;

    /// <summary>Epochs finished.</summary>
    public int EpochsDone => state.EpochsDone;

    /// <summary>Optimizer updates done, also inside an unfinished epoch.</summary>
    public long Step => state.Step;

    /// <summary>Optimizer updates of a whole epoch: ⌊rows/batchSize⌋, the tail is dropped as in the authors' code.</summary>
    public int StepsPerEpoch => trainRows.Length / Options.BatchSize;

    /// <summary>True after the last epoch.</summary>
    public bool IsFinished => state.EpochsDone >= Options.Epochs;

    /// <summary>Stored connections now.</summary>
    public long Nnz => state.Network.Nnz;

    /// <summary>Connections of the dense twin, biases not counted.</summary>
    public long DenseParameters => state.Network.Layers.Sum(layer => (long)layer.Weights.Rows * layer.Weights.Columns);

    /// <summary>Best test accuracy of any epoch so far, also across a resume; null before the first and in regression.</summary>
    public double? BestTestAccuracy => double.IsNaN(state.BestTestAccuracy) ? null : state.BestTestAccuracy;

    /// <summary>Starts from freshly drawn connections and weights.</summary>
    /// <param name="data">Stays the caller's; must outlive the trainer.</param>
    /// <param name="backend">Stays the caller's.</param>
    /// <exception cref="InvalidSpecException">The options cannot work, or do not fit the data.</exception>
    public static Trainer Create(TrainingOptions options, SampleStore data, Backend backend)
    {
        var (state, trainRows, testRows) = TrainingStart.New(options with { Parallel = PartitionAware(options) }, data, backend);
        return new Trainer(state, data, backend, trainRows, testRows);
    }

    /// <summary>Continues from a checkpoint, bit-equal to a training that was never stopped (on a CPU backend).</summary>
    /// <param name="overrides">
    /// Replaces the stored options, e.g. with more epochs. The network's layers, the optimizer's kind, the normalization and what splits the
    /// rows and orders them (seed, test share) must stay; in mid-epoch also the batch size.
    /// </param>
    /// <exception cref="InvalidDataException">The checkpoint is damaged or belongs to other data.</exception>
    /// <exception cref="InvalidSpecException">The overrides cannot work, or change what a checkpoint fixes.</exception>
    public static Trainer Resume(Stream checkpoint, SampleStore data, Backend backend, TrainingOptions? overrides = null)
    {
        var (state, trainRows, testRows) = TrainingStart.Resumed(checkpoint, data, overrides);
        state.RequireWorkers(1);
        state.Workers?.Dispose();
        state.Workers = null;
        TrainingStart.RequireStepInEpoch(state, trainRows.Length / state.Options.BatchSize);
        return new Trainer(state, data, backend, trainRows, testRows);
    }

    /// <summary>Trains to the end of the current epoch, tests, prunes, evolves.</summary>
    /// <param name="onStep">Called on the calling thread after every optimizer update; must be quick.</param>
    /// <param name="cancellationToken">Looked at between optimizer updates.</param>
    /// <exception cref="OperationCanceledException">
    /// Cancelled between two updates: the state is whole, <see cref="WriteCheckpoint"/> works, and a resumed trainer goes on in mid-epoch.
    /// </exception>
    /// <exception cref="TrainingDivergedException">A loss or gradient is not finite.</exception>
    public EpochResult TrainEpoch(Action<StepResult>? onStep = null, CancellationToken cancellationToken = default)
    {
        if (IsFinished)
        {
            throw new InvalidOperationException($"All {Options.Epochs} epochs are done; raise epochs and resume to train on");
        }

        var epoch = EpochsDone + 1;
        TrainSteps(epoch, onStep, cancellationToken);
        RequireFinite(state.Sums.GradientSquares, epoch);

        var changes = state.Network.Layers.Select(_ => new LayerChanges()).ToArray();
        var evolution = Stopwatch.StartNew();
        if (epoch == Options.Epochs && Options.Pruning?.FinalPercentile is { } percentile)
        {
            // Before the test: the accuracy that is reported last is that of the network which is kept.
            state.Network.Prune(percentile, changes, backend.Threads);
        }

        evolution.Stop();
        var test = Stopwatch.StartNew();
        var tested = evaluator.Test();
        test.Stop();
        RequireFinite(tested.Loss, epoch);
        state.SeeAccuracy(tested.Accuracy);

        var result = EpochReport.Of(
            state, state.Sums, epoch, StepsPerEpoch, tested, evaluator.EverActive, LearningRate.At(Options, epoch), trainSeconds, backend.Threads,
            backend.Topology);
        evolution.Start();
        state.Network.ChangeAfter(epoch, Options, changes, backend.Threads, backend.Topology);
        evolution.Stop();
        EndEpoch();
        return EpochReport.With(result, changes, evolution.Elapsed.TotalSeconds, test.Elapsed.TotalSeconds);
    }

    /// <summary>Writes everything that the future depends on, as safetensors (docs/formats.md).</summary>
    public void WriteCheckpoint(Stream destination) => CheckpointFile.Write(destination, state);

    /// <summary>Writes what prediction needs, as safetensors with CSR arrays: no optimizer state. A function of data, options and backend only.</summary>
    public void WriteModel(Stream destination) => ModelFile.Write(destination, state);

    public void Dispose()
    {
        evaluator.Dispose();
        workspace.Dispose();
        state.Network.Dispose();
    }

    // One process trains as ranks do: of what is said of ranks only partition-aware evolution changes the network.
    private static ParallelTrainingOptions? PartitionAware(TrainingOptions options) =>
        options.Parallel is { Method: ParallelMethod.Partitioned, Partition.OwnColumns: not null } ? options.Parallel : null;

    private void TrainSteps(int epoch, Action<StepResult>? onStep, CancellationToken cancellationToken)
    {
        ShuffleFor(epoch);
        var rate = LearningRate.At(Options, epoch);
        pass.Begin(state.Sums);
        try
        {
            while (state.StepInEpoch < StepsPerEpoch)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var started = Stopwatch.GetTimestamp();
                var loss = TrainStep(epoch, rate);
                trainSeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
                onStep?.Invoke(new StepResult(epoch, state.Step, StepsPerEpoch, loss));
            }
        }
        finally
        {
            // Also when cancelled: a checkpoint may be written next.
            pass.End(state.Sums);
        }
    }

    private double TrainStep(int epoch, double rate)
    {
        var samples = Options.BatchSize;
        var loss = pass.Forward(order.AsSpan(state.StepInEpoch * samples, samples), state.Step);
        RequireFinite(loss.LossSum, epoch);
        pass.Update(OptimizerStep.From(Options.Optimizer, rate, state.Step + 1), state.Sums);
        if (state.Scales.LooksAt(state.Step))
        {
            state.Scales.Fit(state.Step);
        }

        state.Step++;
        state.StepInEpoch++;
        state.Sums.Add(loss, samples);
        return loss.LossSum / samples;
    }

    private void ShuffleFor(int epoch)
    {
        if (shuffledEpoch == epoch)
        {
            return;
        }

        trainRows.CopyTo(order, 0);
        RandomStream.For(Options.Seed, RandomPurpose.Shuffle, epoch).Shuffle(order.AsSpan());
        shuffledEpoch = epoch;
    }

    private void EndEpoch()
    {
        state.EpochsDone++;
        state.StepInEpoch = 0;
        state.Sums.Clear();
        trainSeconds = 0;
    }

    private void RequireFinite(double loss, int epoch)
    {
        if (!double.IsFinite(loss))
        {
            throw new TrainingDivergedException(epoch, state.Step + 1, loss);
        }
    }
}
