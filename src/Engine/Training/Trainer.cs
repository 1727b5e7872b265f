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
        RequireValid(options, data);
        var (trainRows, testRows) = DataSplit.Of(data, options.Data.TestShare, options.Seed);
        RequireBatch(options, trainRows);
        var normalization = Normalization.Of(data, trainRows, options.Data.Normalization);
        var state = new TrainerState
        {
            Options = options,
            Network = SparseNetwork.Create(options, backend.Threads),
            Description = new ModelDescription(
                data.ContentHash, data.ClassNames, data.FeatureNames, data.Image, normalization.Shift, normalization.Scale),
            Sums = new EpochSums(options.Network.Layers.Count - 1),
        };
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
        var state = CheckpointFile.Read(checkpoint, overrides);
        if (state.Description.DataHash != data.ContentHash)
        {
            throw new InvalidDataException(
                $"The checkpoint was trained on data {state.Description.DataHash}; allowed: the same data, not {data.ContentHash}");
        }

        RequireValid(state.Options, data);
        var (trainRows, testRows) = DataSplit.Of(data, state.Options.Data.TestShare, state.Options.Seed);
        RequireBatch(state.Options, trainRows);
        if (state.StepInEpoch > trainRows.Length / state.Options.BatchSize)
        {
            throw new InvalidDataException(
                $"The checkpoint stands at step {state.StepInEpoch} of an epoch; allowed: 0 to {trainRows.Length / state.Options.BatchSize}");
        }

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
        state.BestTestAccuracy = tested.Accuracy is { } accuracy && !(accuracy <= state.BestTestAccuracy) ? accuracy : state.BestTestAccuracy;

        var result = Result(epoch, tested);
        evolution.Start();
        ChangeTopology(epoch, changes);
        evolution.Stop();
        EndEpoch();
        return result with
        {
            EvolutionSeconds = evolution.Elapsed.TotalSeconds,
            TestSeconds = test.Elapsed.TotalSeconds,
            Statistics = result.Statistics with { Layers = result.Statistics.Layers.Zip(changes, WithChanges).ToArray() },
        };
    }

    /// <summary>Writes everything that the future depends on, as safetensors (docs/formats.md).</summary>
    public void WriteCheckpoint(Stream destination) => CheckpointFile.Write(destination, state);

    /// <summary>Writes what prediction needs, as safetensors with CSR arrays: no optimizer state. A function of data, options and backend only.</summary>
    public void WriteModel(Stream destination) => ModelFile.Write(destination, state);

    public void Dispose()
    {
        workspace.Dispose();
        state.Network.Dispose();
    }

    private static void RequireValid(TrainingOptions options, SampleStore data)
    {
        var faults = TrainingOptionsValidator.Validate(options);
        if (faults.Count == 0)
        {
            faults = TrainingOptionsValidator.ValidateAgainst(
                options, new DatasetShape(data.Features, data.Classes, data.TrainRows, data.Rows - data.TrainRows));
        }

        if (faults.Count > 0)
        {
            throw new InvalidSpecException(faults);
        }
    }

    // The validator knows the number of rows, but not how the split rounds class by class.
    private static void RequireBatch(TrainingOptions options, int[] trainRows)
    {
        if (options.BatchSize > trainRows.Length)
        {
            throw new InvalidSpecException(
                [new SpecFault("$.training.batchSize", $"{options.BatchSize}", $"1 to {trainRows.Length}, the rows to train on")]);
        }
    }

    private void TrainSteps(int epoch, Action<StepResult>? onStep, CancellationToken cancellationToken)
    {
        ShuffleFor(epoch);
        var rate = LearningRate.At(Options, epoch);
        while (state.StepInEpoch < StepsPerEpoch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var started = Stopwatch.GetTimestamp();
            var loss = TrainStep(epoch, rate);
            trainSeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
            onStep?.Invoke(new StepResult(epoch, state.Step, StepsPerEpoch, loss));
        }
    }

    // Forward, backward, update: section 1 of the specification. Each layer's input gradient is taken before its weights move.
    private double TrainStep(int epoch, double rate)
    {
        var samples = Options.BatchSize;
        var batchSize = PaddedBatch.Of(samples);
        var padding = batchSize - samples;
        var step = OptimizerStep.From(Options.Optimizer, rate, state.Step + 1);
        var rows = order.AsSpan(state.StepInEpoch * samples, samples);
        evaluator.Load(rows);
        Forward(batchSize);

        var layers = state.Network.Layers;
        var loss = evaluator.Loss(workspace.Delta, samples);
        RequireFinite(loss.LossSum, epoch);
        for (var l = layers.Count - 1; l >= 0; l--)
        {
            var layer = layers[l];
            var (state0, state1) = (layer.Connections.State[0], layer.Connections.State.ElementAtOrDefault(1));
            state.Sums.WeightGradientSquares[l] += l > 0
                ? backend.SparseBackward(
                    layer.Weights, layer.Transpose, workspace.Activations[l], workspace.Delta, workspace.Slopes[l - 1], workspace.NextDelta,
                    state0, state1, batchSize, step, padding)
                : backend.SparseWeightUpdate(
                    layer.Weights, workspace.Activations[l], workspace.Delta, state0, state1, batchSize, step, padding);
            state.Sums.BiasGradientSquares += backend.BiasUpdate(
                layer.Bias, workspace.Delta, layer.BiasState[0], layer.BiasState.ElementAtOrDefault(1), batchSize, step, padding);
            workspace.SwapDeltas();
        }

        state.Step++;
        state.StepInEpoch++;
        state.Sums.Loss += loss.LossSum;
        state.Sums.Correct += loss.Correct;
        state.Sums.Samples += samples;
        return loss.LossSum / samples;
    }

    private void Forward(int batchSize)
    {
        var layers = state.Network.Layers;
        for (var l = 0; l < layers.Count - 1; l++)
        {
            var key = RandomStream.Key(Options.Seed, RandomPurpose.Dropout, state.Step, l);
            backend.SparseForward(
                layers[l].Weights, layers[l].Bias, workspace.Activations[l], workspace.Activations[l + 1], workspace.Slopes[l],
                batchSize, layers[l].Activation, new Dropout((float)Options.Dropout, key));
        }

        var output = layers[^1];
        backend.SparseForward(output.Weights, output.Bias, workspace.Activations[^2], workspace.Activations[^1], batchSize, output.Activation);
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

    // Not after the last epoch: fresh connections would leave the network worse than it was trained to be.
    private void ChangeTopology(int epoch, LayerChanges[] changes)
    {
        if (epoch == Options.Epochs)
        {
            return;
        }

        if (Options.Pruning is { StartEpoch: { } start } pruning && epoch > start && epoch % pruning.EveryEpochs == 0)
        {
            state.Network.Prune(pruning.Percentile, changes, backend.Threads);
        }

        if (Options.Evolution is { } evolution && epoch % evolution.EveryEpochs == 0)
        {
            state.Network.Evolve(Options, epoch, changes, backend.Threads);
        }
    }

    private EpochResult Result(int epoch, TestResult tested)
    {
        var (sums, layers) = (state.Sums, state.Network.Layers);
        var steps = (double)StepsPerEpoch;
        var statistics = new LayerStatistics[layers.Count];
        SparseNetwork.ForEach(layers.Count, backend.Threads, l => statistics[l] = StatisticsOf.Layer(
            layers[l],
            l + 1 < layers.Count ? layers[l + 1] : null,
            l + 1 < layers.Count ? evaluator.EverActive[l] : null,
            Math.Sqrt(sums.WeightGradientSquares[l] / steps)));

        return new EpochResult
        {
            Epoch = epoch,
            Step = state.Step,
            Loss = sums.Loss / sums.Samples,
            TrainAccuracy = Options.Loss == LossKind.SquaredError ? null : sums.Correct / sums.Samples,
            TestLoss = tested.Loss,
            TestAccuracy = tested.Accuracy,
            Nnz = Nnz,
            Density = (double)Nnz / DenseParameters,
            LearningRate = LearningRate.At(Options, epoch),
            GradientNorm = Math.Sqrt(sums.GradientSquares / steps),
            TrainSeconds = trainSeconds,
            EvolutionSeconds = 0,
            TestSeconds = 0,
            SamplesPerSecond = trainSeconds > 0 ? sums.Samples / trainSeconds : 0,
            Statistics = new NetworkStatistics { Layers = statistics, InputImportance = Topology.NeuronStrength.Outgoing(layers[0].Weights) },
        };
    }

    private static LayerStatistics WithChanges(LayerStatistics statistics, LayerChanges changes) =>
        statistics with { Births = changes.Births, Deaths = changes.Deaths, PrunedConnections = changes.PrunedConnections };

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
