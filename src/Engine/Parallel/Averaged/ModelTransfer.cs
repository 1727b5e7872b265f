using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>A whole network on its way to other ranks: patterns, values, the optimizer's state and what else training keeps of a layer.</summary>
internal static unsafe class ModelTransfer
{
    /// <summary>Reads or writes so many bytes.</summary>
    private delegate void Carry(void* at, long bytes);

    /// <summary>Collective: every rank gets rank 0's network.</summary>
    /// <param name="network">The rank's own, changed in place where it has the room; null makes a new one.</param>
    public static SparseNetwork Broadcast(ICommunicator ranks, SparseNetwork? network, TrainingOptions options) =>
        ranks.Rank == 0
            ? Write(network!, (at, bytes) => ranks.Broadcast(at, bytes, 0))
            : Read(network, options, (at, bytes) => ranks.Broadcast(at, bytes, 0));

    public static void Send(ICommunicator ranks, SparseNetwork network, int to) => Write(network, (at, bytes) =>
    {
        var transfer = ranks.BeginSend(at, bytes, to, Tags.Model);
        ranks.Wait(ref transfer);
    });

    public static SparseNetwork Receive(ICommunicator ranks, TrainingOptions options, int from) => Read(null, options, (at, bytes) =>
    {
        var transfer = ranks.BeginReceive(at, bytes, from, Tags.Model);
        ranks.Wait(ref transfer);
    });

    /// <summary>A network of its own with the same contents.</summary>
    public static SparseNetwork Copy(SparseNetwork network)
    {
        var layers = new SparseLayer[network.Layers.Count];
        foreach (var layer in network.Layers)
        {
            var (weights, state) = (layer.Weights, layer.Connections.State);
            layers[layer.Index] = new SparseLayer(
                layer.Index,
                new Connections(
                    new CsrMatrix(weights.Rows, weights.Columns, weights.RowOffsets.Copy(), weights.ColumnIndices.Copy(), weights.Values.Copy()),
                    state.Select(slot => slot.Copy()).ToArray()),
                layer.Bias.ToArray(),
                layer.BiasState.Select(slot => slot.ToArray()).ToArray(),
                layer.Activation,
                new ExplorationSketch(layer.Explored.State.ToArray()),
                layer.Removed.ToArray());
        }

        return new SparseNetwork(layers);
    }

    private static SparseNetwork Write(SparseNetwork network, Carry carry)
    {
        foreach (var layer in network.Layers)
        {
            var nnz = layer.Weights.Nnz;
            carry(&nnz, sizeof(long));
            Contents(layer, carry);
        }

        return network;
    }

    private static SparseNetwork Read(SparseNetwork? network, TrainingOptions options, Carry carry)
    {
        var layers = new SparseLayer[options.Network.Layers.Count - 1];
        for (var l = 0; l < layers.Length; l++)
        {
            long nnz;
            carry(&nnz, sizeof(long));
            layers[l] = network?.Layers[l] ?? Empty(options, l, nnz);
            layers[l].Connections.Resize(nnz);
            Contents(layers[l], carry);
            layers[l].PatternChanged();
        }

        network ??= new SparseNetwork(layers);
        network.NeuronsChanged();
        return network;
    }

    private static void Contents(SparseLayer layer, Carry carry)
    {
        var weights = layer.Weights;
        carry(weights.RowOffsets.Pointer, (weights.Rows + 1L) * sizeof(long));
        Buffer(weights.ColumnIndices, carry);
        Buffer(weights.Values, carry);
        foreach (var slot in layer.Connections.State)
        {
            Buffer(slot, carry);
        }

        Array(layer.Bias, carry);
        foreach (var slot in layer.BiasState)
        {
            Array(slot, carry);
        }

        Array(layer.Explored.State, carry);
        Array(layer.Removed, carry);
    }

    private static SparseLayer Empty(TrainingOptions options, int l, long nnz)
    {
        var (columns, rows) = (options.Network.Layers[l], options.Network.Layers[l + 1]);
        var slots = options.Optimizer.Kind == OptimizerKind.Adam ? 2 : 1;
        var offsets = new DeviceBuffer<long>(rows + 1L);
        offsets.Clear();
        offsets[rows] = nnz;
        return new SparseLayer(
            l,
            new Connections(
                new CsrMatrix(rows, columns, offsets, new DeviceBuffer<int>(nnz), new DeviceBuffer<float>(nnz)),
                Enumerable.Range(0, slots).Select(_ => new DeviceBuffer<float>(nnz)).ToArray()),
            new float[rows],
            Enumerable.Range(0, slots).Select(_ => new float[rows]).ToArray(),
            SparseLayer.ActivationOf(options.Network, l),
            new ExplorationSketch(),
            new bool[rows]);
    }

    private static void Buffer<T>(DeviceBuffer<T> buffer, Carry carry)
        where T : unmanaged
    {
        if (buffer.Length > 0)
        {
            carry(buffer.Pointer, buffer.Length * sizeof(T));
        }
    }

    private static void Array<T>(T[] array, Carry carry)
        where T : unmanaged
    {
        fixed (T* at = array)
        {
            carry(at, (long)array.Length * sizeof(T));
        }
    }
}
