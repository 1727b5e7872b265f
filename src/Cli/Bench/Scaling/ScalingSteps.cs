using System.Diagnostics;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Partitioned;
using SparseService.Engine.Parallel.Simulation;
using SparseService.Engine.Parallel.Threads;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Scaling;

/// <summary>Steps of one network on ranks of this machine, and what the simulation says of them once it knows what a step on one rank
/// takes.</summary>
internal static class ScalingSteps
{
    private const int WarmUpEpochs = 10;

    /// <param name="steps">Of each epoch; the last one is timed.</param>
    public static IEnumerable<ScalingValidation> Measure(
        string name, TrainingOptions options, IReadOnlyList<int> ranks, IReadOnlyList<PartitionKind> kinds, LinkSpeed link, int steps,
        int rounds)
    {
        var layers = options.Network.Layers;
        using var data = new SyntheticData(layers[0], layers[^1], steps * options.BatchSize, options.BatchSize);
        using var network = SparseNetwork.Create(options);
        var alone = AloneSeconds(options, data.Store);
        var one = StepSeconds(Options(PartitionKind.Random, 1), data.Store, 1, rounds);

        // What a step takes at one operation a second, over what it takes.
        var slowest = new MachineModel(0, double.MaxValue, 1, Environment.ProcessorCount, int.MaxValue);
        var operations = Simulate(PartitionKind.Random, 1, slowest, 0).Step.Compute;
        var flops = operations / Math.Max(1e-9, one - alone);
        var machine = link.Machine(flops);
        foreach (var count in ranks)
        {
            foreach (var kind in count == 1 ? kinds.Take(1) : kinds)
            {
                var (prediction, words) = Simulate(kind, count, machine, alone);
                var measured = count == 1 ? one : StepSeconds(Options(kind, count), data.Store, count, rounds);
                yield return new ScalingValidation(name, kind, count, words, measured, prediction.Seconds, prediction.Exposed, flops);
            }
        }

        TrainingOptions Options(PartitionKind kind, int workers) => options with
        {
            Parallel = new ParallelTrainingOptions
            {
                Method = ParallelMethod.Partitioned, Workers = workers, Partition = new PartitionOptions { Kind = kind },
            },
        };

        (StepPrediction Step, double Words) Simulate(PartitionKind kind, int parts, MachineModel on, double aloneSeconds)
        {
            var matrices = network.Layers.Select(layer => layer.Weights).ToArray();
            var owners = NetworkPartition.Of(matrices, new PartitionOptions { Kind = kind }, parts, options.Seed).Owners;
            var loads = matrices.Select((layer, l) => RankLoad.Of(layer, l == 0 ? null : owners[l - 1], owners[l], parts)).ToArray();
            var words = loads.Sum(layer => layer.Sum(load => load.WordsOut));
            return (StepSimulation.Of(loads, on, layers[^1], options.BatchSize, aloneSeconds), words);
        }
    }

    // The fastest of the rounds' medians: others use the machine too.
    private static double StepSeconds(TrainingOptions options, SampleStore data, int ranks, int rounds) =>
        Enumerable.Range(0, rounds).Min(_ => CoreLink.WhileNear(() => StepSeconds(options, data, ranks)));

    private static double StepSeconds(TrainingOptions options, SampleStore data, int ranks)
    {
        var times = new List<double>();
        ThreadGroup.Run(ranks, communicator =>
        {
            using var backend = Backend.Create(threads: 1);
            using var training = PartitionedTraining.Create(communicator, options, data, backend);
            for (var epoch = 0; epoch < WarmUpEpochs; epoch++)
            {
                training.TrainEpoch(null, CancellationToken.None);
            }

            var last = Stopwatch.GetTimestamp();
            training.TrainEpoch(
                _ =>
                {
                    times.Add(Stopwatch.GetElapsedTime(last).TotalSeconds);
                    last = Stopwatch.GetTimestamp();
                },
                CancellationToken.None);
        });
        return Series.MedianOf(times);
    }

    /// <summary>What every rank does for itself: the samples of a minibatch, and the loss.</summary>
    private static double AloneSeconds(TrainingOptions options, SampleStore data)
    {
        var (trainRows, _) = TrainingStart.Split(options, data);
        var state = TrainingStart.StateOf(options, data, trainRows, new SparseNetwork([]));
        var batch = PaddedBatch.Of(options.BatchSize);
        using var backend = Backend.Create(threads: 1);
        using var logits = new DeviceBuffer<float>((long)options.Network.Layers[^1] * batch);
        using var minibatch = new Minibatch(options, state.Description, data, backend, options.BatchSize);
        return Enumerable.Range(0, 20).Min(_ =>
        {
            logits.Clear();
            var started = Stopwatch.GetTimestamp();
            minibatch.Load(trainRows.AsSpan(0, options.BatchSize));
            minibatch.Loss(logits, logits, options.BatchSize);
            return Stopwatch.GetElapsedTime(started).TotalSeconds;
        });
    }
}

/// <param name="Words">A sample, all layers, one direction.</param>
/// <param name="ExposedSeconds">Predicted time of exchanges that nothing is computed beside.</param>
/// <param name="FlopsPerCore">Of one rank alone, measured: a multiply and an add for each connection and sample, rows and values sent
/// counted in.</param>
internal sealed record ScalingValidation(
    string Network, PartitionKind Kind, int Ranks, double Words, double MeasuredSeconds, double PredictedSeconds, double ExposedSeconds,
    double FlopsPerCore);
