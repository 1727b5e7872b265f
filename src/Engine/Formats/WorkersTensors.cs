using SparseService.Engine.Training;

namespace SparseService.Engine.Formats;

/// <summary>
/// What a checkpoint of averaged training holds besides: <c>workers.drawn</c>, <c>workers.sums</c> and <c>workers.held</c> (for each worker), <c>workers.turn</c>, <c>workers.budget</c> (one per layer, in
/// phase 2), <c>workers.K.gradient.…</c> of a worker that holds a gradient, and in phase 2 the networks of workers 1, 2, … as <c>workers.K.layers.…</c>.
/// </summary>
internal static class WorkersTensors
{
    public static IEnumerable<Tensor> Of(WorkersState workers)
    {
        yield return Tensor.Of("workers.drawn", workers.Drawn);
        yield return Tensor.Of("workers.turn", [workers.Turn]);
        yield return Tensor.Of("workers.sums", workers.Sums.SelectMany(sums => sums).ToArray());
        yield return Tensor.Of("workers.held", workers.Held.Select(held => held is not null).ToArray());
        if (workers.Budget is not null)
        {
            yield return Tensor.Of("workers.budget", workers.Budget);
        }

        foreach (var (worker, held) in workers.Held.Index().Where(one => one.Item is not null))
        {
            foreach (var tensor in Of(held!, Prefix(worker)))
            {
                yield return tensor;
            }
        }

        foreach (var (other, local) in workers.Locals.Index())
        {
            var prefix = Prefix(other + 1);
            foreach (var layer in local.Layers)
            {
                foreach (var tensor in LayerTensors.Of(layer.Index, layer.Weights, layer.Bias, prefix).Concat(CheckpointFile.TrainingTensors(layer, prefix)))
                {
                    yield return tensor;
                }
            }
        }
    }

    /// <param name="network">The checkpoint's: held gradients are of its pattern. Without layers: only who is there is read.</param>
    /// <returns>Null in a checkpoint of another training.</returns>
    /// <exception cref="InvalidDataException">Names tensor, value and what is allowed.</exception>
    public static WorkersState? Read(TensorFile file, TrainingOptions options, SparseNetwork network)
    {
        var tensors = file.Tensors;
        if (!tensors.ContainsKey("workers.drawn"))
        {
            return null;
        }

        var drawn = LayerTensors.Array<long>(tensors, "workers.drawn");
        if (drawn.Length is < 1 or > TrainingOptionsValidator.MaximumWorkers || drawn.Any(one => one < 0))
        {
            throw new InvalidDataException(
                $"Tensor workers.drawn has {drawn.Length} numbers from {drawn.DefaultIfEmpty().Min()}; allowed: 1 to {TrainingOptionsValidator.MaximumWorkers}, from 0");
        }

        var held = LayerTensors.Array<byte>(tensors, "workers.held", drawn.Length);
        var isLocal = tensors.ContainsKey("workers.budget");
        var turn = LayerTensors.Array<int>(tensors, "workers.turn", 1)[0];
        if (turn < 0 || turn >= drawn.Length || (turn > 0 && held.AsSpan(turn).Contains((byte)0)))
        {
            throw new InvalidDataException($"Tensor workers.turn has {turn}; allowed: 0, or a worker from which on all {drawn.Length} hold a gradient");
        }

        var layers = options.Network.Layers.Count - 1;
        var isWhole = network.Layers.Count == layers;
        var sums = EpochSums.Length(layers);
        return new WorkersState
        {
            Drawn = drawn,
            Turn = turn,
            Sums = LayerTensors.Array<double>(tensors, "workers.sums", (long)sums * drawn.Length).Chunk(sums).ToArray(),
            Held = held.Select((one, worker) => one == 0 || !isWhole ? null : ReadGradient(tensors, network, Prefix(worker))).ToArray(),
            Budget = isLocal ? LayerTensors.Array<long>(tensors, "workers.budget", layers) : null,
            Locals = isLocal && isWhole
                ? Enumerable.Range(1, drawn.Length - 1).Select(worker => CheckpointFile.NetworkOf(file, options, Prefix(worker))).ToArray()
                : [],
        };
    }

    private static string Prefix(int worker) => $"workers.{worker}.";

    private static IEnumerable<Tensor> Of(NetworkGradient gradient, string prefix)
    {
        yield return Tensor.Of($"{prefix}gradient.stamp", [gradient.Stamp]);
        yield return Tensor.Of($"{prefix}gradient.sums", gradient.Sums.State);
        for (var layer = 0; layer < gradient.Weights.Count; layer++)
        {
            yield return Tensor.Of($"{prefix}gradient.{LayerTensors.Name(layer, "values")}", gradient.Weights[layer]);
            yield return Tensor.Of($"{prefix}gradient.{LayerTensors.Name(layer, "bias")}", gradient.Biases[layer]);
        }
    }

    private static NetworkGradient ReadGradient(IReadOnlyDictionary<string, Tensor> tensors, SparseNetwork network, string prefix)
    {
        var gradient = new NetworkGradient(network) { IsHeld = true, Stamp = LayerTensors.Array<long>(tensors, $"{prefix}gradient.stamp", 1)[0] };
        LayerTensors.Array<double>(tensors, $"{prefix}gradient.sums", gradient.Sums.State.Length).CopyTo(gradient.Sums.State, 0);
        for (var layer = 0; layer < network.Layers.Count; layer++)
        {
            Fill(gradient.Weights[layer], LayerTensors.Name(layer, "values"));
            Fill(gradient.Biases[layer], LayerTensors.Name(layer, "bias"));
        }

        return gradient;

        void Fill(Kernels.DeviceBuffer<float> window, string name)
        {
            using var read = LayerTensors.FiniteBuffer(tensors, $"{prefix}gradient.{name}", window.Length);
            read.CopyTo(window);
        }
    }
}
