using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Training;

/// <summary>One weight layer with everything that training keeps of it. O(nnz + rows).</summary>
internal sealed unsafe class SparseLayer : IDisposable
{
    private TransposeIndex? transpose;

    /// <param name="index">From 0; layer 0 reads the input.</param>
    public SparseLayer(
        int index,
        Connections connections,
        float[] bias,
        float[][] biasState,
        Activation activation,
        ExplorationSketch explored,
        bool[] removed)
    {
        Index = index;
        Connections = connections;
        Bias = bias;
        BiasState = biasState;
        Activation = activation;
        Explored = explored;
        Removed = removed;
    }

    public int Index { get; }

    public Connections Connections { get; }

    public CsrMatrix Weights => Connections.Weights;

    /// <summary>Made when first asked for: the input layer has no input gradient and never needs one.</summary>
    public TransposeIndex Transpose => transpose ??= TransposeIndex.Of(Weights);

    public float[] Bias { get; }

    /// <summary>The optimizer's slots for the biases.</summary>
    public float[][] BiasState { get; }

    public Activation Activation { get; }

    public ExplorationSketch Explored { get; }

    /// <summary>Output neurons that importance pruning removed.</summary>
    public bool[] Removed { get; }

    /// <summary>Draws a new layer; its biases are 0.</summary>
    public static SparseLayer Create(TrainingOptions options, int index)
    {
        var weights = FirstConnections.Of(options, index);
        var slots = OptimizerStep.From(options.Optimizer, options.Optimizer.LearningRate, 1).StateSlots;
        var explored = new ExplorationSketch();
        for (var row = 0; row < weights.Rows; row++)
        {
            for (var k = weights.RowOffsets[row]; k < weights.RowOffsets[row + 1L]; k++)
            {
                explored.Add(((long)row * weights.Columns) + weights.ColumnIndices.Pointer[k]);
            }
        }

        return new SparseLayer(
            index,
            new Connections(weights, Enumerable.Range(0, slots).Select(_ => Zeros(weights.Nnz)).ToArray()),
            new float[weights.Rows],
            Enumerable.Range(0, slots).Select(_ => new float[weights.Rows]).ToArray(),
            ActivationOf(options.Network, index),
            explored,
            new bool[weights.Rows]);
    }

    /// <summary>The output layer is linear: the loss applies softmax or sigmoid itself.</summary>
    public static Activation ActivationOf(NetworkOptions network, int index) =>
        index == network.Layers.Count - 2 ? Activation.Linear : Activation.ForHiddenLayer(network.Activation, index + 1);

    /// <summary>Brings what is derived from the pattern up to date after evolution or pruning.</summary>
    /// <param name="work">Where the connections are; default: on the host.</param>
    public void PatternChanged(TopologyWork? work = null)
    {
        if (transpose is not null && !transpose.IsOf(Weights))
        {
            (work ?? TopologyWork.OnHost).Rebuild(transpose);
        }
    }

    public void Dispose()
    {
        Connections.Dispose();
        transpose?.Dispose();
    }

    private static DeviceBuffer<float> Zeros(long length)
    {
        var buffer = new DeviceBuffer<float>(length);
        buffer.Clear();
        return buffer;
    }
}
