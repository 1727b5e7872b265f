using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>What happens to the connections between steps, where they are: here on the host.</summary>
/// <remarks>Wherever it is done, connections, values and sums come out with the same bits.</remarks>
internal class TopologyWork
{
    private protected TopologyWork()
    {
    }

    public static TopologyWork OnHost { get; } = new();

    /// <summary>Whether several layers may be worked on at once.</summary>
    public virtual bool TakesSeveralCallers => true;

    /// <inheritdoc cref="SetEvolution.Evolve"/>
    public virtual long Evolve(
        Connections connections,
        double dropFraction,
        WeightInitializer initializer,
        OpenNeurons open,
        ExplorationSketch explored,
        ref RandomStream stream,
        OwnColumns? own) => SetEvolution.Evolve(connections, dropFraction, initializer, open, explored, ref stream, own);

    /// <inheritdoc cref="TransposeIndex.Rebuild"/>
    public virtual void Rebuild(TransposeIndex index) => index.Rebuild();

    /// <inheritdoc cref="NeuronStrength.Incoming(CsrMatrix, Span{float})"/>
    public virtual void IncomingStrength(CsrMatrix weights, Span<float> strength) => NeuronStrength.Incoming(weights, strength);

    /// <inheritdoc cref="NeuronStrength.Outgoing"/>
    public virtual float[] OutgoingStrength(CsrMatrix weights) => NeuronStrength.Outgoing(weights);

    /// <inheritdoc cref="CsrMatrix.FanOut"/>
    public virtual void FanOut(CsrMatrix weights, Span<int> degrees) => weights.FanOut(degrees);
}
