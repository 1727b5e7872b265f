using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>This rank's rows of one weight layer, with everything that training keeps of them. O(own connections + neurons of the layer).</summary>
internal sealed unsafe class RankLayer : IDisposable
{
    private readonly Ownership? inputs;
    private Connections? own;
    private TransposeIndex? ownTranspose;
    private TransposeIndex? ghostTranspose;

    /// <summary>Takes this rank's rows out of a whole layer, which it disposes of. Until <see cref="PutBack"/> they are joined.</summary>
    /// <param name="neurons">The layer's outputs.</param>
    /// <param name="inputs">The layer's inputs; null where all of them are at hand: the data's features, or the only rank's neurons.</param>
    public RankLayer(SparseLayer whole, Ownership neurons, Ownership? inputs, int ranks)
    {
        (Index, Neurons, this.inputs) = (whole.Index, neurons, inputs);
        (Activation, Explored, Removed, LayerNnz) = (whole.Activation, whole.Explored, whole.Removed, whole.Weights.Nnz);
        Columns = whole.Weights.Columns;
        Bias = Array.ConvertAll(neurons.Own, neuron => whole.Bias[neuron]);
        BiasState = Array.ConvertAll(whole.BiasState, slot => Array.ConvertAll(neurons.Own, neuron => slot[neuron]));
        Plan = inputs is null ? null : new ExchangePlan(inputs, ranks);
        if (neurons.OwnsAll)
        {
            own = whole.Connections;
        }
        else
        {
            own = RowSplit.Take(whole.Connections, neurons.Own);
            whole.Dispose();
        }
    }

    public int Index { get; }

    /// <summary>The layer's outputs.</summary>
    public Ownership Neurons { get; }

    /// <summary>Inputs of the layer, of all ranks.</summary>
    public int Columns { get; }

    /// <summary>Connections of all ranks.</summary>
    public long LayerNnz { get; set; }

    /// <summary>Connections from own inputs, or from all of them where there is no plan.</summary>
    public Connections Own => own!;

    /// <summary>Connections from other ranks' neurons; null where there is no plan.</summary>
    public Connections? Ghost { get; private set; }

    /// <summary>Null where all inputs are at hand.</summary>
    public ExchangePlan? Plan { get; }

    public TransposeIndex OwnTranspose => ownTranspose ??= TransposeIndex.Of(Own.Weights);

    public TransposeIndex GhostTranspose => ghostTranspose ??= TransposeIndex.Of(Ghost!.Weights);

    /// <summary>Of own neurons.</summary>
    public float[] Bias { get; }

    public float[][] BiasState { get; }

    public Activation Activation { get; }

    /// <summary>Cells of own rows that ever held a connection, and others that did when the training was opened.</summary>
    public ExplorationSketch Explored { get; }

    /// <summary>Output neurons of all ranks that importance pruning removed.</summary>
    public bool[] Removed { get; }

    /// <summary>Own rows in joined form (see <see cref="RowSplit"/>): a copy, or the rows themselves where there is no plan. For reading.</summary>
    public Connections Joined() => Ghost is null ? Own : RowSplit.Join(Own, Ghost, inputs!, Plan!.Ghosts, Columns);

    /// <summary>Frees what <see cref="Joined"/> gave.</summary>
    public void Release(Connections joined)
    {
        if (!ReferenceEquals(joined, own))
        {
            joined.Dispose();
        }
    }

    /// <summary>Hands own rows out to be changed, in joined form, until <see cref="PutBack"/>.</summary>
    public Connections TakeOut()
    {
        var joined = Joined();
        if (!ReferenceEquals(joined, own))
        {
            own!.Dispose();
        }

        Ghost?.Dispose();
        (own, Ghost) = (null, null);
        return joined;
    }

    /// <summary>Collective: goes on with changed rows, and exchanges what has changed with those who own or read neurons.</summary>
    public void PutBack(Connections joined, ICommunicator communicator)
    {
        ForgetIndex(ref ownTranspose);
        ForgetIndex(ref ghostTranspose);
        if (Plan is null)
        {
            own = joined;
            return;
        }

        Plan.Update(communicator, ColumnsOf(joined));
        (own, Ghost) = RowSplit.Split(joined, inputs!, Plan.Ghosts);
        joined.Dispose();
    }

    /// <summary>Collective, at the start: tells the owners of inputs what is read of them.</summary>
    public void Begin(ICommunicator communicator) => PutBack(TakeOut(), communicator);

    public void Dispose()
    {
        own?.Dispose();
        Ghost?.Dispose();
        ForgetIndex(ref ownTranspose);
        ForgetIndex(ref ghostTranspose);
    }

    private static void ForgetIndex(ref TransposeIndex? index)
    {
        index?.Dispose();
        index = null;
    }

    /// <summary>Inputs that connections start at, ascending.</summary>
    private static List<int> ColumnsOf(Connections joined)
    {
        using var seen = new DeviceBuffer<bool>(joined.Weights.Columns);
        seen.Clear();
        for (var k = 0L; k < joined.Weights.Nnz; k++)
        {
            seen.Pointer[joined.Weights.ColumnIndices.Pointer[k]] = true;
        }

        var columns = new List<int>();
        for (var column = 0; column < joined.Weights.Columns; column++)
        {
            if (seen.Pointer[column])
            {
                columns.Add(column);
            }
        }

        return columns;
    }
}
