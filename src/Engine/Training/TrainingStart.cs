using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Training;

/// <summary>What every training begins with: options that fit the data, rows to train on and to test on, a network new or from a checkpoint.</summary>
internal static class TrainingStart
{
    /// <summary>Freshly drawn connections and weights.</summary>
    /// <exception cref="InvalidSpecException">The options cannot work, or do not fit the data.</exception>
    public static (TrainerState State, int[] TrainRows, int[] TestRows) New(TrainingOptions options, SampleStore data, Backend backend)
    {
        RequireValid(options, data);
        var (trainRows, testRows) = Split(options, data);
        return (StateOf(options, data, trainRows, SparseNetwork.Create(options, backend.Threads)), trainRows, testRows);
    }

    /// <summary>The state before the first step.</summary>
    public static TrainerState StateOf(TrainingOptions options, SampleStore data, int[] trainRows, SparseNetwork network)
    {
        var normalization = Normalization.Of(data, trainRows, options.Data.Normalization);
        return new TrainerState
        {
            Options = options,
            Network = network,
            Description = new ModelDescription(
                data.ContentHash, data.ClassNames, data.FeatureNames, data.Image, normalization.Shift, normalization.Scale),
            Sums = new EpochSums(options.Network.Layers.Count - 1),
            Scales = SumScales.Of(options),
        };
    }

    /// <param name="overrides">Replaces the stored options.</param>
    /// <exception cref="InvalidDataException">The checkpoint is damaged or belongs to other data.</exception>
    /// <exception cref="InvalidSpecException">The overrides cannot work, or change what a checkpoint fixes.</exception>
    public static (TrainerState State, int[] TrainRows, int[] TestRows) Resumed(Stream checkpoint, SampleStore data, TrainingOptions? overrides)
    {
        var state = CheckpointFile.Read(checkpoint, overrides);
        var (trainRows, testRows) = RowsToGoOn(state, data);
        return (state, trainRows, testRows);
    }

    /// <summary>The rows of a state that was read.</summary>
    /// <inheritdoc cref="Resumed"/>
    public static (int[] TrainRows, int[] TestRows) RowsToGoOn(TrainerState state, SampleStore data)
    {
        if (state.Description.DataHash != data.ContentHash)
        {
            throw new InvalidDataException(
                $"The checkpoint was trained on data {state.Description.DataHash}; allowed: the same data, not {data.ContentHash}");
        }

        RequireValid(state.Options, data);
        return Split(state.Options, data);
    }

    /// <exception cref="InvalidDataException">The checkpoint stands behind the end of an epoch.</exception>
    public static void RequireStepInEpoch(TrainerState state, int stepsPerEpoch)
    {
        if (state.StepInEpoch > stepsPerEpoch)
        {
            throw new InvalidDataException(
                $"The checkpoint stands at step {state.StepInEpoch} of an epoch; allowed: 0 to {stepsPerEpoch}");
        }
    }

    public static void RequireValid(TrainingOptions options, SampleStore data)
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

    /// <summary>The rows to train on, enough for a minibatch of every worker, and those to test on.</summary>
    // The validator knows the number of rows, but not how the split rounds class by class.
    public static (int[] TrainRows, int[] TestRows) Split(TrainingOptions options, SampleStore data)
    {
        var (trainRows, testRows) = DataSplit.Of(data, options.Data.TestShare, options.Seed);
        if (options.BatchSize > trainRows.Length)
        {
            throw new InvalidSpecException(
                [new SpecFault("$.training.batchSize", $"{options.BatchSize}", $"1 to {trainRows.Length}, the rows to train on")]);
        }

        var batches = trainRows.Length / options.BatchSize;
        return options.Parallel is { Method: not ParallelMethod.Partitioned } parallel && parallel.Workers > batches
            ? throw new InvalidSpecException(
                [new SpecFault("$.training.parallel.workers", $"{parallel.Workers}", $"1 to {batches}, the minibatches of {options.BatchSize} of {trainRows.Length} rows")])
            : (trainRows, testRows);
    }
}
