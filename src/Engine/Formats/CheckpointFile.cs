using System.Globalization;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Formats;

/// <summary>A model plus everything that its further training depends on (docs/formats.md).</summary>
internal static class CheckpointFile
{
    public const string Format = "sparse-service/checkpoint";

    public static void Write(Stream destination, TrainerState state) => Safetensors.Write(
        destination,
        Metadata(state),
        ModelFile.Tensors(state).Concat(state.Network.Layers.SelectMany(layer => TrainingTensors(layer)))
            .Concat(Rest(state)).Concat(state.Workers is { } workers ? WorkersTensors.Of(workers) : []).ToArray());

    public static Dictionary<string, string> Metadata(TrainerState state)
    {
        var metadata = ModelFile.Metadata(Format, state);
        metadata["epochsDone"] = state.EpochsDone.ToString(CultureInfo.InvariantCulture);
        metadata["step"] = state.Step.ToString(CultureInfo.InvariantCulture);
        metadata["stepInEpoch"] = state.StepInEpoch.ToString(CultureInfo.InvariantCulture);
        return metadata;
    }

    /// <summary>The options of a checkpoint, whose stream then stands where it stood.</summary>
    /// <param name="source">One that can seek.</param>
    /// <exception cref="InvalidDataException">Damaged, or not a checkpoint.</exception>
    public static TrainingOptions ReadOptions(Stream source)
    {
        var start = source.Position;
        using var file = Safetensors.Read(source, wanted: name => !name.StartsWith("layers.", StringComparison.Ordinal));
        source.Position = start;
        return ModelFile.ReadDescription(file.Metadata, file.Tensors, Format).Options;
    }

    /// <summary>What a checkpoint has of a layer beside the model's tensors.</summary>
    /// <param name="prefix">Before all names.</param>
    public static IEnumerable<Tensor> TrainingTensors(SparseLayer layer, string prefix = "")
    {
        for (var slot = 0; slot < layer.BiasState.Length; slot++)
        {
            yield return Tensor.Of(prefix + LayerTensors.Name(layer.Index, $"valuesState{slot}"), layer.Connections.State[slot]);
            yield return Tensor.Of(prefix + LayerTensors.Name(layer.Index, $"biasState{slot}"), layer.BiasState[slot]);
        }

        yield return Tensor.Of(prefix + LayerTensors.Name(layer.Index, "explored"), layer.Explored.State);
        yield return Tensor.Of(prefix + LayerTensors.Name(layer.Index, "removed"), layer.Removed);
    }

    /// <summary>Names, types and shapes of <see cref="TrainingTensors"/>, without the layer.</summary>
    public static IEnumerable<(string Name, string Type, IReadOnlyList<long> Shape)> TrainingEntries(int layer, int rows, long nnz, int slots)
    {
        for (var slot = 0; slot < slots; slot++)
        {
            yield return (LayerTensors.Name(layer, $"valuesState{slot}"), "F32", [nnz]);
            yield return (LayerTensors.Name(layer, $"biasState{slot}"), "F32", [rows]);
        }

        yield return (LayerTensors.Name(layer, "explored"), "U8", [ExplorationSketch.Registers]);
        yield return (LayerTensors.Name(layer, "removed"), "U8", [rows]);
    }

    /// <summary>What stands behind the layers.</summary>
    public static IEnumerable<Tensor> Rest(TrainerState state) =>
    [
        Tensor.Of("epoch.sums", state.Sums.State),
        Tensor.Of("sums.exponents", state.Scales.Exponents),
        Tensor.Of("best.testAccuracy", [state.BestTestAccuracy]),
    ];

    /// <param name="overrides">Replaces the stored options.</param>
    /// <exception cref="InvalidDataException">Damaged, or not a checkpoint.</exception>
    /// <exception cref="InvalidSpecException">The overrides change what the checkpoint fixes.</exception>
    public static TrainerState Read(Stream source, TrainingOptions? overrides)
    {
        using var file = Safetensors.Read(source);
        return StateOf(file, overrides, options => NetworkOf(file, options));
    }

    /// <param name="prefix">Before the names of its tensors.</param>
    /// <exception cref="InvalidDataException">Names tensor, value and what is allowed.</exception>
    public static SparseNetwork NetworkOf(TensorFile file, TrainingOptions options, string prefix = "")
    {
        var layers = new List<SparseLayer>();
        for (var layer = 0; layer < options.Network.Layers.Count - 1; layer++)
        {
            layers.Add(LayerOf(file, options, layer, layer == 0 ? null : layers[^1].Removed, prefix));
        }

        return new SparseNetwork(layers);
    }

    /// <summary>Reads all but the layers; the stream stands where it stood.</summary>
    /// <param name="source">One that can seek.</param>
    /// <inheritdoc cref="Read"/>
    public static TrainerState ReadState(Stream source, TrainingOptions? overrides)
    {
        using var file = ReadPart(source, name => !name.StartsWith("layers.", StringComparison.Ordinal));
        return StateOf(file, overrides, _ => new SparseNetwork([]));
    }

    /// <summary>Reads one layer; the stream stands where it stood.</summary>
    /// <param name="source">One that can seek.</param>
    /// <param name="removedInputs">Neurons of the layer before that are removed; null for the first.</param>
    /// <exception cref="InvalidDataException">Damaged.</exception>
    public static SparseLayer ReadLayer(Stream source, TrainingOptions options, int layer, bool[]? removedInputs)
    {
        using var file = ReadPart(source, name => name.StartsWith(LayerTensors.Name(layer, string.Empty), StringComparison.Ordinal));
        return LayerOf(file, options, layer, removedInputs);
    }

    private static TensorFile ReadPart(Stream source, Predicate<string> wanted)
    {
        var start = source.Position;
        var file = Safetensors.Read(source, wanted: wanted);
        source.Position = start;
        return file;
    }

    private static TrainerState StateOf(TensorFile file, TrainingOptions? overrides, Func<TrainingOptions, SparseNetwork> network)
    {
        var (metadata, tensors) = (file.Metadata, file.Tensors);
        var (stored, description) = ModelFile.ReadDescription(metadata, tensors, Format);
        var stepInEpoch = (int)Number(metadata, "stepInEpoch", int.MaxValue);
        RequireResumable(stored, overrides ?? stored, midEpoch: stepInEpoch > 0);
        var options = overrides ?? stored;
        var state = new TrainerState
        {
            Options = options,
            Network = network(options),
            Description = description,
            EpochsDone = (int)Number(metadata, "epochsDone", TrainingOptionsValidator.MaximumEpochs),
            Step = Number(metadata, "step", long.MaxValue),
            StepInEpoch = stepInEpoch,
            Sums = new EpochSums(LayerTensors.Array<double>(tensors, "epoch.sums", EpochSums.Length(stored.Network.Layers.Count - 1))),
            Scales = ScalesOf(tensors, options),
            BestTestAccuracy = LayerTensors.Array<double>(tensors, "best.testAccuracy", 1)[0],
        };
        state.Workers = WorkersTensors.Read(file, options, state.Network);
        state.RequireWorkers(options.Parallel is { Method: not ParallelMethod.Partitioned } parallel ? parallel.Workers : 1);
        return state;
    }

    // Checkpoints of float sums that were written before there were scales have none.
    private static SumScales ScalesOf(IReadOnlyDictionary<string, Tensor> tensors, TrainingOptions options)
    {
        var length = 2 * (options.Network.Layers.Count - 1);
        return tensors.ContainsKey("sums.exponents")
            ? SumScales.Of(options, LayerTensors.Array<int>(tensors, "sums.exponents", length))
            : SumScales.Of(options);
    }

    private static SparseLayer LayerOf(TensorFile file, TrainingOptions options, int layer, bool[]? removedInputs, string prefix = "")
    {
        var tensors = file.Tensors;
        var (columns, rows) = (options.Network.Layers[layer], options.Network.Layers[layer + 1]);
        var (weights, bias) = LayerTensors.Read(tensors, layer, rows, columns, prefix);
        var slots = Enumerable.Range(0, options.Optimizer.Kind == OptimizerKind.Adam ? 2 : 1).ToArray();
        var state = slots.Select(slot => LayerTensors.FiniteBuffer(tensors, Name($"valuesState{slot}"), weights.Nnz));
        var read = new SparseLayer(
            layer,
            new Connections(weights, state.ToArray()),
            bias,
            slots.Select(slot => LayerTensors.Finite(tensors, Name($"biasState{slot}"), rows)).ToArray(),
            SparseLayer.ActivationOf(options.Network, layer),
            new ExplorationSketch(LayerTensors.Array<byte>(tensors, Name("explored"))),
            Array.ConvertAll(LayerTensors.Array<byte>(tensors, Name("removed"), rows), removed => removed != 0));
        RequireRemovedUnconnected(read, removedInputs);
        return read;

        string Name(string part) => prefix + LayerTensors.Name(layer, part);
    }

    // Evolution counts the free cells by this.
    private static unsafe void RequireRemovedUnconnected(SparseLayer layer, bool[]? removedInputs)
    {
        var weights = layer.Weights;
        for (var row = 0; row < weights.Rows; row++)
        {
            for (var k = weights.RowOffsets[row]; k < weights.RowOffsets[row + 1L]; k++)
            {
                if (layer.Removed[row] || (removedInputs is not null && removedInputs[weights.ColumnIndices.Pointer[k]]))
                {
                    throw new InvalidDataException(
                        $"Layer {layer.Index} connects neuron {weights.ColumnIndices[k]} to {row}; allowed: none of them removed");
                }
            }
        }
    }

    // Another split would test on rows that the network was trained on; another order would leave out some rows of the epoch and repeat
    // others.
    private static void RequireResumable(TrainingOptions stored, TrainingOptions options, bool midEpoch)
    {
        var faults = new List<SpecFault>();
        Same(
            "network.layers",
            $"[{string.Join(", ", options.Network.Layers)}]",
            $"[{string.Join(", ", stored.Network.Layers)}]",
            "the shape of its weights");
        Same("optimizer.kind", options.Optimizer.Kind, stored.Optimizer.Kind, "whose state the checkpoint holds");
        Same("data.normalization", options.Data.Normalization, stored.Data.Normalization, "whose numbers the checkpoint holds");
        Same("data.testShare", options.Data.TestShare, stored.Data.TestShare, "which decides the rows to test on");
        Same("seed", options.Seed, stored.Seed, "which decides the rows to test on and the order of the others");
        if (midEpoch)
        {
            Same("batchSize", options.BatchSize, stored.BatchSize, "until the epoch that the checkpoint stands in is done");
        }

        if (faults.Count > 0)
        {
            throw new InvalidSpecException(faults);
        }

        void Same<T>(string name, T given, T allowed, string why)
        {
            if (!EqualityComparer<T>.Default.Equals(given, allowed))
            {
                faults.Add(new SpecFault($"$.training.{name}", $"{given}", $"{allowed} as in the checkpoint, {why}"));
            }
        }
    }

    private static long Number(IReadOnlyDictionary<string, string> metadata, string name, long maximum) =>
        long.TryParse(ModelFile.Field(metadata, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= maximum
            ? number
            : throw new InvalidDataException($"Metadata field {name} is {metadata[name]}; allowed: 0 to {maximum}");
}
