using SparseService.Engine.Kernels;

namespace SparseService.Engine.Training;

/// <summary>What several workers will cost besides what one would.</summary>
public sealed record ParallelForecast
{
    public required int Workers { get; init; }

    /// <summary>Bytes of the trainer of the rank that needs most, as a process of its own. What ranks that are threads share is counted in each.</summary>
    public required long RankBytes { get; init; }

    /// <summary>Bytes that all ranks together send for an update: on average over phase 1 (WASAP, WASSP), which is all that communicates there.
    /// 0 where they share memory. Partitioned: expected of a random partition, an upper bound of what a hypergraph's sends.</summary>
    public required double BytesPerStep { get; init; }

    /// <summary>The same for an epoch (of phase 1), with the model that is sent around after evolution; null when the row count is not known.</summary>
    public double? BytesPerEpoch { get; init; }

    /// <summary>Epochs at the end in which each worker trains for itself and nothing is sent; 0 in partitioned training.</summary>
    public required int LocalEpochs { get; init; }

    /// <summary>With a processor for every worker and free communication; null when the row count is not known.</summary>
    public double? SecondsPerEpoch { get; init; }

    /// <param name="options">Validated, with several workers.</param>
    /// <param name="sequential">What one worker would cost.</param>
    internal static ParallelForecast Of(TrainingOptions options, RunForecast sequential, long? trainRows)
    {
        var parallel = options.Parallel!;
        var isPartitioned = parallel.Method == ParallelMethod.Partitioned;
        var workers = parallel.Workers;
        var parameters = sizeof(float) * (sequential.Nnz + options.Network.Layers.Skip(1).Sum(width => (long)width));
        var perStep = isPartitioned ? WordsOfAStep(options, sequential) * sizeof(float) : BytesOfAnUpdate(parallel, parameters);
        var batches = trainRows / options.BatchSize;
        var steps = parallel.Method == ParallelMethod.Wassp ? batches / workers : batches;
        return new ParallelForecast
        {
            Workers = workers,
            RankBytes = isPartitioned ? BytesOfAPart(options, sequential) : BytesOfAWorker(parallel, sequential, parameters),
            BytesPerStep = perStep,
            BytesPerEpoch = (perStep * steps) + (isPartitioned || perStep == 0 ? 0 : BytesOfAModel(options, sequential, parameters) * (workers - 1.0)),
            LocalEpochs = isPartitioned ? 0 : parallel.LocalEpochsOf(options.Epochs),
            SecondsPerEpoch = sequential.SecondsPerEpoch / workers,
        };
    }

    // Threads share the model, unless they have to take turns on copies. WASAP: a gradient comes and the parameters go, except rank 0's own. WASSP: every rank
    // gives each other its part of the gradient, and of the sum.
    private static double BytesOfAnUpdate(ParallelTrainingOptions parallel, long parameters)
    {
        var others = parallel.Workers - 1.0;
        if (parallel.Transport == ParallelTransport.Threads && (parallel.Method == ParallelMethod.Wassp || !parallel.LockStep))
        {
            return 0;
        }

        return parallel.Method == ParallelMethod.Wassp ? 2 * others * parameters : 2 * parameters * others / parallel.Workers;
    }

    // A trainer and its gradient; by messages also what comes in, and on the server what comes in from and goes out to each worker.
    private static long BytesOfAWorker(ParallelTrainingOptions parallel, RunForecast sequential, long parameters) =>
        sequential.TrainingBytes + (BytesOfAnUpdate(parallel, parameters) == 0 ? parameters
            : parallel.Method == ParallelMethod.Wassp ? 2 * parameters
            : (1 + (2L * (parallel.Workers - 1))) * parameters);

    // After an evolution: row offsets, columns, values, state; before it the values, to test them.
    private static double BytesOfAModel(TrainingOptions options, RunForecast sequential, long parameters)
    {
        var slots = options.Optimizer.Kind == OptimizerKind.Adam ? 2 : 1;
        return parameters + (options.Evolution is null ? 0
            : ((1.0 + slots) * parameters) + (sizeof(int) * sequential.Nnz) + (sizeof(long) * options.Network.Layers.Skip(1).Sum(width => (double)width)));
    }

    // A neuron with d connections into the next layer is wanted by (K − 1)·(1 − (1 − 1/K)^d) other ranks on average, if rows are dealt out at random: there its
    // value goes, and from there parts of its gradient come. Of the mean d, since few neurons differ much; the bound is from above. The input is everybody's.
    private static double WordsOfAStep(TrainingOptions options, RunForecast sequential)
    {
        var workers = (double)options.Parallel!.Workers;
        var words = sequential.Layers.Skip(1).Sum(layer =>
            layer.Inputs * (workers - 1) * (1 - Math.Pow(1 - (1 / workers), (double)layer.Nnz / layer.Inputs)));
        return 2 * words * PaddedBatch.Of(options.BatchSize);
    }

    // Its share of the connections; activations of all, since it may need nearly all.
    private static long BytesOfAPart(TrainingOptions options, RunForecast sequential)
    {
        var workspace = Workspace.BytesOf(options.Network.Layers, options.BatchSize);
        var share = (1 + options.Parallel!.Partition.Imbalance) / options.Parallel.Workers;
        return workspace + (long)((sequential.TrainingBytes - workspace) * share);
    }
}
