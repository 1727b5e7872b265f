using System.Globalization;
using SparseService.Engine.Kernels;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Training;

/// <summary>Every rule a spec must keep, in one place.</summary>
public static class TrainingOptionsValidator
{
    public const int MaximumEpochs = 100_000;
    public const int MaximumWorkers = 1024;
    public const int MaximumLayers = 64;
    public const int MaximumWidth = 100_000_000;
    public const long MaximumLayerNnz = 2_000_000_000;

    /// <summary>Places for a connection: cells are drawn as doubles, which tell whole numbers apart up to here.</summary>
    public const long MaximumLayerCells = 1L << 53;

    /// <summary>Checks a whole spec as posted; paths start at <c>$</c>.</summary>
    public static IReadOnlyList<SpecFault> Validate(RunSpec spec)
    {
        var rules = new Rules();
        rules.Require(spec.Name is null || IsText(spec.Name, 1, 200), "$.name", spec.Name, "1 to 200 characters, none of them a control character");
        ValidateLabels(rules, spec.Labels);
        if (spec.Dataset is { } dataset)
        {
            ValidateDataset(rules, dataset);
        }

        if (rules.Present(spec.Training, "$.training", "an object"))
        {
            ValidateTraining(rules, spec.Training);
        }

        return rules.Faults;
    }

    /// <summary>Checks training options alone; paths start at <c>$.training</c>.</summary>
    public static IReadOnlyList<SpecFault> Validate(TrainingOptions options)
    {
        var rules = new Rules();
        ValidateTraining(rules, options);
        return rules.Faults;
    }

    /// <summary>Checks that options fit a dataset: input width, output width against classes, loss against label kind, enough rows for a minibatch.</summary>
    public static IReadOnlyList<SpecFault> ValidateAgainst(TrainingOptions options, DatasetShape data)
    {
        var rules = new Rules();
        var (layers, last) = (options.Network.Layers, options.Network.Layers.Count - 1);
        rules.Require(layers[0] == data.Features, "$.training.network.layers[0]", layers[0], $"{data.Features}, the dataset's features");
        if (data.Classes == 0)
        {
            rules.Require(options.Loss == LossKind.SquaredError, "$.training.loss", Name(options.Loss), "squaredError: the dataset's labels are numbers to predict");
            rules.Require(layers[last] == 1, $"$.training.network.layers[{last}]", layers[last], "1, the dataset's target");
        }
        else if (options.Loss == LossKind.BinaryCrossEntropy)
        {
            rules.Require(data.Classes == 2, "$.training.loss", "binaryCrossEntropy", $"softmaxCrossEntropy: the dataset has {data.Classes} classes, not 2");
            rules.Require(layers[last] == 1, $"$.training.network.layers[{last}]", layers[last], "1 for binaryCrossEntropy");
        }
        else if (options.Loss == LossKind.SquaredError)
        {
            rules.Fault("$.training.loss", "squaredError", $"softmaxCrossEntropy or binaryCrossEntropy: the dataset's labels are {data.Classes} classes");
        }
        else
        {
            rules.Require(layers[last] == data.Classes, $"$.training.network.layers[{last}]", layers[last], $"{data.Classes}, the dataset's classes");
        }

        rules.Require(
            (long)layers[0] * PaddedBatch.Of(Math.Max(1, options.BatchSize)) <= Array.MaxLength, "$.training.batchSize", options.BatchSize,
            $"at most {Math.Max(1, (Array.MaxLength / layers[0]) - PaddedBatch.Most)}, so that a minibatch has at most {Array.MaxLength} inputs");

        // Rounded as a stratified split may round: one row either way is left to the split itself.
        var trainRows = data.TestRows > 0 ? data.TrainRows : (long)Math.Round(data.TrainRows * (1 - options.Data.TestShare));
        rules.Require(options.BatchSize <= Math.Max(1, trainRows), "$.training.batchSize", options.BatchSize, $"1 to {Math.Max(1, trainRows)}, the rows to train on");
        if (options.Parallel is { Method: not ParallelMethod.Partitioned } parallel && options.BatchSize > 0)
        {
            var batches = Math.Max(1, (trainRows + (data.TestRows > 0 ? 0 : data.Classes)) / options.BatchSize);
            rules.Require(
                parallel.Workers <= batches, "$.training.parallel.workers", parallel.Workers,
                $"1 to {batches}, the minibatches of {options.BatchSize} of the {trainRows} rows to train on: each worker needs one");
        }

        return rules.Faults;
    }

    private static void ValidateLabels(Rules rules, IReadOnlyDictionary<string, string>? labels)
    {
        if (!rules.Present(labels, "$.labels", "an object of strings"))
        {
            return;
        }

        rules.Require(labels!.Count <= 32, "$.labels", $"{labels.Count} labels", "at most 32");
        foreach (var (key, value) in labels.Take(33))
        {
            rules.Require(IsText(key, 1, 63), $"$.labels.{key}", key, "a key of 1 to 63 characters, none of them a control character");
            rules.Require(
                value is not null && IsText(value, 0, 200), $"$.labels.{key}", value, "a string of at most 200 characters, none of them a control character");
        }
    }

    // Control characters mislead whoever reads them in a log, and no database takes a NUL in a text.
    private static bool IsText(string text, int shortest, int longest) =>
        text.Length >= shortest && text.Length <= longest && !text.Any(char.IsControl);

    private static void ValidateDataset(Rules rules, DatasetReference dataset)
    {
        var given = (dataset.Id is null ? 0 : 1) + (dataset.Name is null ? 0 : 1) + (dataset.Generated is null ? 0 : 1);
        rules.Require(given == 1, "$.dataset", $"{given} of id, name and generated", "exactly one of id, name and generated");
        rules.Require(
            dataset.Name is null || IsText(dataset.Name, 1, 200), "$.dataset.name", dataset.Name, "1 to 200 characters, none of them a control character");
        if (dataset.Generated is { } generated)
        {
            rules.Require(generated.TrainSamples is >= 1 and <= 1_000_000, "$.dataset.generated.trainSamples", generated.TrainSamples, "1 to 1000000");
            rules.Require(generated.TestSamples is >= 1 and <= 1_000_000, "$.dataset.generated.testSamples", generated.TestSamples, "1 to 1000000");
        }
    }

    private static void ValidateTraining(Rules rules, TrainingOptions options)
    {
        rules.Range("$.training.epochs", options.Epochs, 1, MaximumEpochs);
        rules.Range("$.training.batchSize", options.BatchSize, 1, 65_536);
        rules.Range("$.training.dropout", options.Dropout, 0, 0.95);
        if (rules.Present(options.Network, "$.training.network", "an object"))
        {
            ValidateNetwork(rules, options.Network);
        }

        if (rules.Present(options.Optimizer, "$.training.optimizer", "an object"))
        {
            ValidateOptimizer(rules, options.Optimizer);
        }

        if (rules.Present(options.Schedule, "$.training.schedule", "an object"))
        {
            ValidateSchedule(rules, options.Schedule, options.Epochs);
        }

        if (rules.Present(options.Data, "$.training.data", "an object"))
        {
            rules.Require(options.Data.TestShare is > 0 and < 1, "$.training.data.testShare", options.Data.TestShare, "above 0, below 1");
        }

        if (options.Evolution is { } evolution)
        {
            rules.Require(evolution.DropFraction is > 0 and < 1, "$.training.evolution.dropFraction", evolution.DropFraction, "above 0, below 1");
            rules.Range("$.training.evolution.everyEpochs", evolution.EveryEpochs, 1, 100_000);
        }

        rules.Require(
            options.Summation is null or Summation.Float || options.Parallel is null or { Method: ParallelMethod.Partitioned }, "$.training.summation", Name(Summation.FixedPoint),
            "float: updates that arrive in any order depend on it all the same");
        if (options.Parallel is { } parallel)
        {
            ValidateParallel(rules, parallel, options.Optimizer?.Kind);
        }

        rules.Require(
            options.Backend?.IsDevice() != true || options.Parallel is null,
            "$.training.backend", Name(options.Backend ?? BackendKind.Simd), "simd with training.parallel: a device trains alone");
        if (options.Pruning is { } pruning)
        {
            ValidatePruning(rules, pruning);
        }

        if (rules.Present(options.Checkpoints, "$.training.checkpoints", "an object"))
        {
            rules.Range("$.training.checkpoints.everyEpochs", options.Checkpoints.EveryEpochs, 1, 100_000);
            rules.Range("$.training.checkpoints.keep", options.Checkpoints.Keep, 1, 1000);
        }
    }

    private static void ValidateNetwork(Rules rules, NetworkOptions network)
    {
        const string path = "$.training.network";
        if (!rules.Present(network.Layers, $"{path}.layers", "an array of widths")
            || !rules.Require(network.Layers.Count is >= 2 and <= MaximumLayers, $"{path}.layers", $"{network.Layers.Count} layers", $"2 to {MaximumLayers} layers"))
        {
            return;
        }

        var widths = true;
        for (var l = 0; l < network.Layers.Count; l++)
        {
            widths &= rules.Range($"{path}.layers[{l}]", network.Layers[l], 1, MaximumWidth);
        }

        if (rules.Present(network.Topology, $"{path}.topology", "an object") && widths && ValidateTopology(rules, network, $"{path}.topology"))
        {
            for (var l = 0; l < network.Layers.Count - 1; l++)
            {
                var (inputs, outputs) = (network.Layers[l], network.Layers[l + 1]);
                rules.Require(
                    (long)inputs * outputs <= MaximumLayerCells, $"{path}.layers[{l + 1}]", outputs,
                    $"at most {MaximumLayerCells / inputs} behind a layer of {inputs}");
                var nnz = TopologyGenerator.ExpectedNnz(network, l);
                rules.Require(nnz <= MaximumLayerNnz, $"{path}.layers[{l + 1}]", $"about {nnz:0} connections into this layer", $"at most {MaximumLayerNnz} per layer");
            }
        }

        if (rules.Present(network.Activation, $"{path}.activation", "an object"))
        {
            rules.Range($"{path}.activation.slope", network.Activation.Slope, 0, 10);
            if (rules.Present(network.Activation.SRelu, $"{path}.activation.sRelu", "an object"))
            {
                ValidateSRelu(rules, network.Activation.SRelu, $"{path}.activation.sRelu");
            }
        }
    }

    private static void ValidateSRelu(Rules rules, SReluOptions sRelu, string path)
    {
        rules.Range($"{path}.leftThreshold", sRelu.LeftThreshold, -1000, 1000);
        rules.Range($"{path}.rightThreshold", sRelu.RightThreshold, -1000, 1000);
        rules.Range($"{path}.leftSlope", sRelu.LeftSlope, -10, 10);
        rules.Range($"{path}.rightSlope", sRelu.RightSlope, -10, 10);
        rules.Require(
            !(sRelu.LeftThreshold > sRelu.RightThreshold), $"{path}.leftThreshold", sRelu.LeftThreshold, $"at most rightThreshold = {Text(sRelu.RightThreshold)}");
    }

    private static bool ValidateTopology(Rules rules, NetworkOptions network, string path)
    {
        var topology = network.Topology;
        switch (topology.Kind)
        {
            case TopologyKind.ErdosRenyi:
                return rules.Require(topology.Epsilon is > 0 and <= 1e9, $"{path}.epsilon", topology.Epsilon, "above 0, at most 1e9");
            case TopologyKind.Edges:
                return ValidateEdges(rules, network, $"{path}.edges");
            default:
                return rules.Require(
                    topology.Density is > 0 and <= 1, $"{path}.density", topology.Density?.ToString(CultureInfo.InvariantCulture) ?? "missing", $"above 0, at most 1, for {Name(topology.Kind)}");
        }
    }

    private static bool ValidateEdges(Rules rules, NetworkOptions network, string path)
    {
        var edges = network.Topology.Edges;
        var layers = network.Layers.Count - 1;
        if (!rules.Require(edges is not null && edges.Count == layers, path, edges is null ? "missing" : $"{edges.Count} lists", $"{layers} lists of [from, to], one per weight layer"))
        {
            return false;
        }

        for (var l = 0; l < layers; l++)
        {
            var (inputs, outputs) = (network.Layers[l], network.Layers[l + 1]);
            var seen = new HashSet<(int, int)>();
            for (var i = 0; i < (edges![l]?.Count ?? 0); i++)
            {
                var edge = edges[l][i];
                var where = $"{path}[{l}][{i}]";
                var text = edge is null ? "null" : $"[{string.Join(", ", edge.Take(3))}]";
                var valid = rules.Require(
                        edge is { Length: 2 } && edge[0] >= 0 && edge[0] < inputs && edge[1] >= 0 && edge[1] < outputs,
                        where, text, $"[from 0 to {inputs - 1}, to 0 to {outputs - 1}]")
                    && rules.Require(seen.Add((edge![0], edge[1])), where, text, "each connection once");
                if (!valid)
                {
                    return false; // One wrong edge of a million is enough to say.
                }
            }

            if (!rules.Require(seen.Count > 0, $"{path}[{l}]", "empty", "at least one connection per layer"))
            {
                return false;
            }
        }

        return true;
    }

    private static void ValidateOptimizer(Rules rules, OptimizerOptions optimizer)
    {
        const string path = "$.training.optimizer";
        rules.Require(optimizer.LearningRate is > 0 and <= 100, $"{path}.learningRate", optimizer.LearningRate, "above 0, at most 100");
        rules.Require(optimizer.Momentum is >= 0 and < 1, $"{path}.momentum", optimizer.Momentum, "0 to below 1");
        rules.Require(optimizer.WeightDecay is >= 0 and < 1, $"{path}.weightDecay", optimizer.WeightDecay, "0 to below 1");
        rules.Require(optimizer.Beta1 is >= 0 and < 1, $"{path}.beta1", optimizer.Beta1, "0 to below 1");
        rules.Require(optimizer.Beta2 is >= 0 and < 1, $"{path}.beta2", optimizer.Beta2, "0 to below 1");
        rules.Require(optimizer.Epsilon is > 0 and <= 1, $"{path}.epsilon", optimizer.Epsilon, "above 0, at most 1");
    }

    private static void ValidateSchedule(Rules rules, ScheduleOptions schedule, int epochs)
    {
        const string path = "$.training.schedule";
        rules.Range($"{path}.warmupEpochs", schedule.WarmupEpochs, 0, Math.Max(0, epochs - 1));
        rules.Require(schedule.Factor is > 0 and <= 1, $"{path}.factor", schedule.Factor, "above 0, at most 1");
        rules.Range($"{path}.minimum", schedule.Minimum, 0, 1);
        if (rules.Present(schedule.StepEpochs, $"{path}.stepEpochs", "an array of epochs"))
        {
            for (var i = 0; i < schedule.StepEpochs.Count; i++)
            {
                var before = i == 0 ? 0 : schedule.StepEpochs[i - 1];
                rules.Require(schedule.StepEpochs[i] > before, $"{path}.stepEpochs[{i}]", schedule.StepEpochs[i], $"above {before}: epochs ascend");
            }
        }
    }

    private static void ValidatePruning(Rules rules, PruningOptions pruning)
    {
        const string path = "$.training.pruning";
        rules.Require(pruning.StartEpoch is null or >= 0, $"{path}.startEpoch", pruning.StartEpoch, "0 or above");
        rules.Range($"{path}.everyEpochs", pruning.EveryEpochs, 1, 100_000);
        rules.Require(pruning.Percentile is >= 0 and < 100, $"{path}.percentile", pruning.Percentile, "0 to below 100");
        rules.Require(pruning.FinalPercentile is null or (>= 0 and < 100), $"{path}.finalPercentile", pruning.FinalPercentile, "0 to below 100");
    }

    private static string Name(Enum value) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static string Text(object? value) => value switch
    {
        null => "missing",
        "" => "empty",
        string text => text.Length > 100 ? text[..100] + "…" : text,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? string.Empty,
    };

    private static void ValidateParallel(Rules rules, ParallelTrainingOptions parallel, OptimizerKind? optimizer)
    {
        const string At = "$.training.parallel";
        rules.Range($"{At}.workers", parallel.Workers, 1, MaximumWorkers);
        rules.Range($"{At}.localShare", parallel.LocalShare, 0, 1);
        rules.Range($"{At}.warmupEpochs", parallel.WarmupEpochs, 0, MaximumEpochs);
        rules.Require(
            parallel.Method != ParallelMethod.Wassp || optimizer != OptimizerKind.Adam, "$.training.optimizer.kind", "adam",
            "sgd with wassp, whose growing rate and corrected momentum are SGD's; or another parallel.method");
        if (rules.Present(parallel.Partition, $"{At}.partition", "an object"))
        {
            rules.Range($"{At}.partition.imbalance", parallel.Partition.Imbalance, 0, 1);
            rules.Range($"{At}.partition.ownColumns", parallel.Partition.OwnColumns ?? 0, 0, 1);
        }
    }

    private sealed class Rules
    {
        public List<SpecFault> Faults { get; } = [];

        public void Fault(string path, object? value, string allowed) => Faults.Add(new SpecFault(path, Text(value), allowed));

        public bool Require(bool holds, string path, object? value, string allowed)
        {
            if (!holds)
            {
                Fault(path, value, allowed);
            }

            return holds;
        }

        // Written so that NaN fails.
        public bool Range(string path, double value, double low, double high) =>
            Require(value >= low && value <= high, path, value, $"{Text(low)} to {Text(high)}");

        public bool Present(object? value, string path, string allowed) => Require(value is not null, path, "null", allowed);
    }
}

/// <summary>What validation needs to know of a dataset.</summary>
/// <param name="Classes">0 for regression targets.</param>
/// <param name="TestRows">0 when the dataset brings no test part of its own.</param>
public sealed record DatasetShape(int Features, int Classes, long TrainRows, long TestRows);
