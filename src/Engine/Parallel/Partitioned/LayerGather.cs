using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>Brings the rows of all ranks together on rank 0, a layer at a time: for files and statistics, which know whole layers only.</summary>
internal static unsafe class LayerGather
{
    /// <summary>Collective.</summary>
    /// <param name="withState">Also what the optimizer remembers, and the cells that were explored.</param>
    /// <returns>The layer on rank 0, null on the others.</returns>
    public static SparseLayer? Of(ICommunicator communicator, RankLayer layer, bool withState)
    {
        var joined = layer.Joined();
        try
        {
            var connections = ConnectionsOf(communicator, layer, joined, withState);
            var bias = Ragged.GatherRows(communicator, layer.Neurons, layer.Bias);
            var biasState = withState ? Array.ConvertAll(layer.BiasState, slot => Ragged.GatherRows(communicator, layer.Neurons, slot)) : [];
            var explored = ExploredOf(communicator, layer);
            return connections is null
                ? null
                : new SparseLayer(layer.Index, connections, bias!, biasState!, layer.Activation, explored!, layer.Removed);
        }
        finally
        {
            layer.Release(joined);
        }
    }

    private static Connections? ConnectionsOf(ICommunicator communicator, RankLayer layer, Connections own, bool withState)
    {
        var weights = own.Weights;
        var degrees = new int[weights.Rows];
        for (var row = 0; row < degrees.Length; row++)
        {
            degrees[row] = weights.FanIn(row);
        }

        var offsets = OffsetsOf(Ragged.GatherRows(communicator, layer.Neurons, degrees));
        var columns = GatherConnections(communicator, layer.Neurons, offsets, weights.ColumnIndices);
        var values = GatherConnections(communicator, layer.Neurons, offsets, weights.Values);
        var state = new List<DeviceBuffer<float>?>();
        foreach (var slot in withState ? own.State : [])
        {
            state.Add(GatherConnections(communicator, layer.Neurons, offsets, slot));
        }

        return offsets is null
            ? null
            : new Connections(new CsrMatrix(layer.Neurons.Width, layer.Columns, offsets, columns!, values!), state.ToArray()!);
    }

    private static DeviceBuffer<long>? OffsetsOf(int[]? degrees)
    {
        if (degrees is null)
        {
            return null;
        }

        var offsets = new DeviceBuffer<long>(degrees.Length + 1L);
        offsets[0] = 0;
        for (var row = 0; row < degrees.Length; row++)
        {
            offsets.Pointer[row + 1L] = offsets.Pointer[row] + degrees[row];
        }

        return offsets;
    }

    /// <param name="offsets">On rank 0.</param>
    private static DeviceBuffer<T>? GatherConnections<T>(
        ICommunicator communicator, Ownership neurons, DeviceBuffer<long>? offsets, DeviceBuffer<T> own)
        where T : unmanaged
    {
        var all = offsets is null ? null : new DeviceBuffer<T>(offsets[neurons.Width]);
        Ragged.Gather(communicator, own.Pointer, own.Length * sizeof(T), BytesOf, (rank, part) =>
        {
            var next = (T*)part;
            foreach (var neuron in neurons.Of(rank))
            {
                var (start, bytes) = (offsets!.Pointer[neuron], (offsets.Pointer[neuron + 1L] - offsets.Pointer[neuron]) * sizeof(T));
                Buffer.MemoryCopy(next, all!.Pointer + start, bytes, bytes);
                next += bytes / sizeof(T);
            }
        });
        return all;

        long BytesOf(int rank)
        {
            var count = 0L;
            foreach (var neuron in neurons.Of(rank))
            {
                count += offsets!.Pointer[neuron + 1L] - offsets.Pointer[neuron];
            }

            return count * sizeof(T);
        }
    }

    // What any rank has seen counts as explored; every rank's sketch may begin with what was known when the training was opened.
    private static ExplorationSketch? ExploredOf(ICommunicator communicator, RankLayer layer)
    {
        var registers = communicator.Rank == 0 ? new byte[ExplorationSketch.Registers] : null;
        fixed (byte* own = layer.Explored.State)
        {
            Ragged.Gather(communicator, own, ExplorationSketch.Registers, _ => ExplorationSketch.Registers, (_, part) =>
            {
                for (var i = 0; i < registers!.Length; i++)
                {
                    registers[i] = Math.Max(registers[i], ((byte*)part)[i]);
                }
            });
        }

        return registers is null ? null : new ExplorationSketch(registers);
    }
}
