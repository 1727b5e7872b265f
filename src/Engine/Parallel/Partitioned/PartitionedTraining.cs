using System.Diagnostics;
using SparseService.Engine.Data;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>
/// One rank of a training whose network is cut by rows: every rank owns output neurons of every layer (arXiv 2104.11805). Each rank sees every sample. With one
/// rank it has the bits of <see cref="Trainer"/>, with more as well if sums are fixed-point; float sums in another order round otherwise (docs/decisions/0006).
/// </summary>
internal sealed class PartitionedTraining : IRankTraining
{
    private readonly ICommunicator communicator;
    private readonly TrainerState state;
    private readonly RankNetwork network;
    private readonly Backend backend;
    private readonly RankWorkspace workspace;
    private readonly Minibatch minibatch;
    private readonly GhostExchange exchange;
    private readonly LogitExchange logits;
    private readonly RankPass pass;
    private readonly int[] trainRows;
    private readonly int[] testRows;
    private readonly int[] order;
    private readonly bool[][] everActive;
    private double trainSeconds;
    private int shuffledEpoch;

    private PartitionedTraining(
        ICommunicator communicator, TrainerState state, RankNetwork network, SampleStore data, Backend backend, (int[] Train, int[] Test) rows)
    {
        (this.communicator, this.state, this.network, this.backend) = (communicator, state, network, backend);
        (trainRows, testRows) = rows;
        order = new int[trainRows.Length];
        workspace = new RankWorkspace(Options, network.Layers);
        minibatch = new Minibatch(Options, state.Description, data, backend, workspace.TestBatchSize);
        exchange = new GhostExchange(communicator, network.Layers.Count);
        logits = new LogitExchange(communicator, network.Layers[^1].Neurons);
        pass = new RankPass(network.Layers, minibatch.Input, workspace, exchange, backend, state.Scales);
        everActive = network.Layers.SkipLast(1).Select(layer => new bool[layer.Neurons.Own.Length]).ToArray();
        TopologyChanged();
    }

    public TrainingOptions Options => state.Options;

    public int EpochsDone => state.EpochsDone;

    public long Step => state.Step;

    public int StepsPerEpoch => trainRows.Length / Options.BatchSize;

    public bool IsFinished => state.EpochsDone >= Options.Epochs;

    public long Nnz => network.Nnz;

    public long DenseParameters => network.Layers.Sum(layer => (long)layer.Neurons.Width * layer.Columns);

    /// <summary>This rank's rows.</summary>
    internal RankNetwork Network => network;

    /// <summary>What this rank has sent to exchange neurons' values and gradients: the traffic that a partition decides on.</summary>
    internal GhostExchange Exchange => exchange;

    /// <summary>Collective: a training from the start.</summary>
    /// <exception cref="InvalidSpecException">The options cannot work, or do not fit the data.</exception>
    public static PartitionedTraining Create(ICommunicator communicator, TrainingOptions options, SampleStore data, Backend backend)
    {
        TrainingStart.RequireValid(options, data);
        var rows = TrainingStart.Split(options, data);
        var state = TrainingStart.StateOf(options, data, rows.TrainRows, new SparseNetwork([]));
        var network = RankNetwork.Of(communicator, PartitionOf(communicator, options), layer => SparseLayer.Create(options, layer));
        return new PartitionedTraining(communicator, state, network, data, backend, rows);
    }

    /// <summary>Collective: goes on from a checkpoint of any training, with this number of ranks.</summary>
    /// <param name="checkpoint">One that can seek; on every rank a stream of its own.</param>
    /// <inheritdoc cref="Trainer.Resume"/>
    public static PartitionedTraining Resume(
        ICommunicator communicator, Stream checkpoint, SampleStore data, Backend backend, TrainingOptions? overrides)
    {
        var state = CheckpointFile.ReadState(checkpoint, overrides);
        var rows = TrainingStart.RowsToGoOn(state, data);
        TrainingStart.RequireStepInEpoch(state, rows.TrainRows.Length / state.Options.BatchSize);
        if (communicator.Rank > 0)
        {
            // Every rank adds to its own; rank 0 goes on with what all had.
            state.Sums.BiasGradientSquares = 0;
            state.Sums.WeightGradientSquares.Clear();
        }

        bool[]? removed = null;
        var network = RankNetwork.Of(communicator, PartitionOf(communicator, state.Options), index =>
        {
            var layer = CheckpointFile.ReadLayer(checkpoint, state.Options, index, removed);
            removed = layer.Removed;
            return layer;
        });
        return new PartitionedTraining(communicator, state, network, data, backend, rows);
    }

    public EpochResult? TrainEpoch(Action<StepResult>? onStep, CancellationToken cancellationToken)
    {
        if (IsFinished)
        {
            throw new InvalidOperationException($"All {Options.Epochs} epochs are done; raise epochs and resume to train on");
        }

        var epoch = EpochsDone + 1;
        TrainSteps(epoch, onStep, cancellationToken);
        var sums = TotalSums();
        RequireFinite(sums.GradientSquares, epoch);

        var changes = network.Layers.Select(_ => new LayerChanges()).ToArray();
        var evolution = Stopwatch.StartNew();
        if (epoch == Options.Epochs && Options.Pruning?.FinalPercentile is { } percentile)
        {
            network.Prune(percentile, changes);
            TopologyChanged();
        }

        evolution.Stop();
        var test = Stopwatch.StartNew();
        var tested = Test();
        test.Stop();
        RequireFinite(tested.Loss, epoch);
        state.SeeAccuracy(tested.Accuracy);

        var statistics = RankReport.StatisticsOf(communicator, network, everActive, sums, StepsPerEpoch);
        evolution.Start();
        ChangeTopology(epoch, changes);
        evolution.Stop();
        var ranks = RankReport.RanksOf(communicator, (long)sums.Samples, trainSeconds);
        var result = statistics is null ? null : EpochReport.With(
            EpochReport.Of(state, sums, epoch, StepsPerEpoch, tested, statistics, LearningRate.At(Options, epoch), trainSeconds),
            changes, evolution.Elapsed.TotalSeconds, test.Elapsed.TotalSeconds) with { Ranks = ranks };
        EndEpoch();
        return result;
    }

    public void WriteCheckpoint(Stream? destination)
    {
        var own = (double[])state.Sums.State.Clone();
        TotalSums().State.CopyTo(state.Sums.State, 0);
        RankFiles.WriteCheckpoint(destination, communicator, network, state);
        own.CopyTo(state.Sums.State, 0);
    }

    public void WriteModel(Stream? destination) => RankFiles.WriteModel(destination, communicator, network, state);

    public void Dispose()
    {
        minibatch.Dispose();
        workspace.Dispose();
        network.Dispose();
    }

    // A function of options and ranks alone, so that a training that is resumed has the same rows in the same places.
    private static NetworkPartition PartitionOf(ICommunicator communicator, TrainingOptions options) =>
        SharedPartition.Of(communicator, options);

    private void TrainSteps(int epoch, Action<StepResult>? onStep, CancellationToken cancellationToken)
    {
        ShuffleFor(epoch);
        var rate = LearningRate.At(Options, epoch);
        while (state.StepInEpoch < StepsPerEpoch)
        {
            if (communicator.Size == 1)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            var started = Stopwatch.GetTimestamp();
            var (loss, stops) = TrainStep(epoch, rate, cancellationToken.IsCancellationRequested);
            trainSeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
            if (communicator.Rank == 0)
            {
                onStep?.Invoke(new StepResult(epoch, state.Step, StepsPerEpoch, loss));
            }

            if (stops && communicator.Size > 1 && state.StepInEpoch < StepsPerEpoch)
            {
                exchange.Finish();
                throw new OperationCanceledException(cancellationToken);
            }
        }

        exchange.Finish();
    }

    private (double Loss, bool Stops) TrainStep(int epoch, double rate, bool stops)
    {
        var samples = Options.BatchSize;
        var batchSize = PaddedBatch.Of(samples);
        minibatch.Load(order.AsSpan(state.StepInEpoch * samples, samples));
        pass.Forward(
            batchSize,
            layer => new Dropout((float)Options.Dropout, RandomStream.Key(Options.Seed, RandomPurpose.Dropout, state.Step, layer)),
            state.Scales.LooksAt(state.Step));
        stops = logits.Share(workspace.Outputs[^1], workspace.LogitWire, workspace.Logits, batchSize, stops);
        var loss = minibatch.Loss(workspace.Logits, workspace.Logits, samples);
        RequireFinite(loss.LossSum, epoch);
        TakeOwn(workspace.Logits, workspace.Delta, batchSize);
        pass.Backward(batchSize, batchSize - samples, OptimizerStep.From(Options.Optimizer, rate, state.Step + 1), state.Sums);
        if (state.Scales.LooksAt(state.Step))
        {
            // To all ranks' signals, as in sequential training.
            communicator.AllReduce(state.Scales.Largest, Reduction.Maximum);
            state.Scales.Fit(state.Step);
        }

        state.Step++;
        state.StepInEpoch++;
        state.Sums.Add(loss, samples);
        return (loss.LossSum / samples, stops);
    }

    private unsafe void TakeOwn(DeviceBuffer<float> all, DeviceBuffer<float> own, int batchSize)
    {
        var rowBytes = (long)batchSize * sizeof(float);
        var into = own.Pointer;
        foreach (var neuron in network.Layers[^1].Neurons.Own)
        {
            Buffer.MemoryCopy(all.Pointer + ((long)neuron * batchSize), into, rowBytes, rowBytes);
            into += batchSize;
        }
    }

    private TestResult Test()
    {
        foreach (var active in everActive)
        {
            Array.Clear(active);
        }

        var (lossSum, correct) = (0.0, 0L);
        for (var start = 0; start < testRows.Length; start += workspace.TestBatchSize)
        {
            var rows = testRows.AsSpan(start, Math.Min(workspace.TestBatchSize, testRows.Length - start));
            var batchSize = PaddedBatch.Of(rows.Length);
            minibatch.Load(rows);
            pass.Forward(batchSize, dropout: null);
            logits.Share(workspace.Outputs[^1], workspace.LogitWire, workspace.Logits, batchSize, word: false);
            for (var l = 0; l < everActive.Length; l++)
            {
                backend.MarkActive(everActive[l], workspace.Outputs[l], rows.Length, batchSize);
            }

            var loss = minibatch.Loss(workspace.Logits, workspace.Logits, rows.Length);
            lossSum += loss.LossSum;
            correct += loss.Correct;
        }

        exchange.Finish();
        return new TestResult(lossSum / testRows.Length, Options.Loss == LossKind.SquaredError ? null : (double)correct / testRows.Length);
    }

    private void ShuffleFor(int epoch)
    {
        if (shuffledEpoch != epoch)
        {
            trainRows.CopyTo(order, 0);
            RandomStream.For(Options.Seed, RandomPurpose.Shuffle, epoch).Shuffle(order.AsSpan());
            shuffledEpoch = epoch;
        }
    }

    private void ChangeTopology(int epoch, LayerChanges[] changes)
    {
        if (epoch == Options.Epochs)
        {
            return;
        }

        if (Options.Pruning is { StartEpoch: { } start } pruning && epoch > start && epoch % pruning.EveryEpochs == 0)
        {
            network.Prune(pruning.Percentile, changes);
        }

        if (Options.Evolution is { } evolution && epoch % evolution.EveryEpochs == 0)
        {
            network.Evolve(Options, epoch, changes);
        }

        TopologyChanged();
    }

    private void TopologyChanged()
    {
        foreach (var layer in network.Layers)
        {
            workspace.PlanChanged(layer);
        }
    }

    /// <summary>Sums of the epoch so far: losses are the same on every rank, squares are of its rows.</summary>
    private EpochSums TotalSums()
    {
        var total = new EpochSums((double[])state.Sums.State.Clone());
        var squares = total.WeightGradientSquares.ToArray().Append(total.BiasGradientSquares).ToArray();
        communicator.AllReduce(squares);
        squares.AsSpan(..^1).CopyTo(total.WeightGradientSquares);
        total.BiasGradientSquares = squares[^1];
        return total;
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
