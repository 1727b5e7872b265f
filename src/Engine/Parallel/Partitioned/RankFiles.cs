using SparseService.Engine.Formats;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>
/// Checkpoints and models of a network whose rows belong to different ranks: the same bytes that a sequential training writes. Rank 0 gathers and writes a
/// layer at a time; every rank reads a layer at a time and keeps its rows.
/// </summary>
internal static class RankFiles
{
    /// <summary>Collective.</summary>
    /// <param name="destination">Null on all ranks but 0.</param>
    /// <param name="state">On rank 0 with the sums of all ranks.</param>
    public static void WriteCheckpoint(Stream? destination, ICommunicator communicator, RankNetwork network, TrainerState state)
    {
        var slots = network.Layers[0].BiasState.Length;
        var entries = ModelEntries(network, state)
            .Concat(network.Layers.SelectMany(layer => CheckpointFile.TrainingEntries(layer.Index, layer.Neurons.Width, layer.LayerNnz, slots)))
            .Concat(CheckpointFile.Rest(state).Select(Entry));
        var tensors = ModelTensors(communicator, network, state)
            .Concat(network.Layers.SelectMany(layer => Gathered(communicator, layer, withState: true, layer => CheckpointFile.TrainingTensors(layer))))
            .Concat(CheckpointFile.Rest(state));
        Write(destination, () => CheckpointFile.Metadata(state), entries, tensors);
    }

    /// <inheritdoc cref="WriteCheckpoint"/>
    public static void WriteModel(Stream? destination, ICommunicator communicator, RankNetwork network, TrainerState state) => Write(
        destination, () => ModelFile.Metadata(ModelFile.Format, state), ModelEntries(network, state), ModelTensors(communicator, network, state));

    private static IEnumerable<(string Name, string Type, IReadOnlyList<long> Shape)> ModelEntries(RankNetwork network, TrainerState state) =>
        network.Layers.SelectMany(layer => LayerTensors.Entries(layer.Index, layer.Neurons.Width, layer.LayerNnz))
            .Concat(ModelFile.Normalization(state).Select(Entry));

    private static IEnumerable<Tensor> ModelTensors(ICommunicator communicator, RankNetwork network, TrainerState state) =>
        network.Layers
            .SelectMany(layer => Gathered(communicator, layer, withState: false, whole => LayerTensors.Of(whole.Index, whole.Weights, whole.Bias)))
            .Concat(ModelFile.Normalization(state));

    // Nothing on the ranks that only give; there, too, it must be enumerated.
    private static IEnumerable<Tensor> Gathered(
        ICommunicator communicator, RankLayer layer, bool withState, Func<SparseLayer, IEnumerable<Tensor>> tensors)
    {
        using var whole = LayerGather.Of(communicator, layer, withState);
        foreach (var tensor in whole is null ? [] : tensors(whole))
        {
            yield return tensor;
        }
    }

    private static (string Name, string Type, IReadOnlyList<long> Shape) Entry(Tensor tensor) => (tensor.Name, tensor.Type, tensor.Shape);

    private static void Write(
        Stream? destination,
        Func<Dictionary<string, string>> metadata,
        IEnumerable<(string Name, string Type, IReadOnlyList<long> Shape)> entries,
        IEnumerable<Tensor> tensors)
    {
        if (destination is null)
        {
            foreach (var tensor in tensors)
            {
                tensor.Dispose();
            }

            return;
        }

        Safetensors.Write(destination, metadata(), entries.ToArray(), tensors);
    }
}
