using System.Numerics.Tensors;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Training;

/// <summary>Reads the statistics of a network off its connections: O(nnz + neurons) time; what it needs on the way is freed at
/// once.</summary>
internal static class StatisticsOf
{
    private const int Bins = 20;
    private const int TopCount = 10;
    private const int DeadCount = 10;

    /// <param name="next">The layer behind it, if there is one.</param>
    /// <param name="everActive">Of each neuron, whether it ever had an output other than 0.</param>
    /// <param name="work">Where the connections are; default: on the host.</param>
    public static LayerStatistics Layer(
        SparseLayer layer, SparseLayer? next, bool[]? everActive, double gradientNorm, TopologyWork? work = null)
    {
        var where = work ?? TopologyWork.OnHost;
        var weights = layer.Weights;
        var disconnected = 0;
        var dead = 0;
        var firstDead = new List<int>();
        using var fanIn = new DeviceBuffer<int>(weights.Rows);
        using var fanOut = new DeviceBuffer<int>(weights.Columns);
        using var outputs = next is null ? null : new DeviceBuffer<int>(weights.Rows);
        using var strength = new DeviceBuffer<float>(weights.Rows);
        weights.FanIn(fanIn.Span);
        where.FanOut(weights, fanOut.Span);
        where.IncomingStrength(weights, strength.Span);
        if (outputs is not null)
        {
            where.FanOut(next!.Weights, outputs.Span);
        }

        for (var neuron = 0; neuron < weights.Rows; neuron++)
        {
            if (fanIn[neuron] == 0 || (outputs is not null && outputs[neuron] == 0))
            {
                disconnected++;
            }
            else if (everActive is not null && !everActive[neuron])
            {
                dead++;
                if (firstDead.Count < DeadCount)
                {
                    firstDead.Add(neuron);
                }
            }
        }

        return new LayerStatistics
        {
            Layer = layer.Index + 1,
            Inputs = weights.Columns,
            Outputs = weights.Rows,
            Nnz = weights.Nnz,
            Density = weights.Density,
            PrunedNeurons = layer.Removed.AsSpan().Count(true),
            DisconnectedNeurons = disconnected,
            DeadNeurons = dead,
            Dead = firstDead,
            FanIn = Degrees(fanIn.Span),
            FanOut = Degrees(fanOut.Span),
            ExplorationRate = ExplorationRate(layer),
            GradientNorm = gradientNorm,
            Importance = Distribution(strength.Span),
        };
    }

    /// <param name="degrees">Connections of each neuron; at least one.</param>
    internal static DegreeDistribution Degrees(ReadOnlySpan<int> degrees)
    {
        var (minimum, maximum) = (TensorPrimitives.Min(degrees), TensorPrimitives.Max(degrees));
        var width = ((maximum - minimum) / Bins) + 1;
        var histogram = new int[((maximum - minimum) / width) + 1];
        var sum = 0L;
        foreach (var degree in degrees)
        {
            sum += degree;
            histogram[(degree - minimum) / width]++;
        }

        return new DegreeDistribution(minimum, maximum, (double)sum / degrees.Length, width, histogram);
    }

    internal static ImportanceDistribution Distribution(ReadOnlySpan<float> strength)
    {
        var (minimum, maximum) = (TensorPrimitives.Min(strength), TensorPrimitives.Max(strength));
        var histogram = new int[Bins];
        var sum = 0.0;
        foreach (var value in strength)
        {
            sum += value;
            histogram[maximum > minimum ? Math.Min(Bins - 1, (int)((value - minimum) / ((double)maximum - minimum) * Bins)) : 0]++;
        }

        var top = new PriorityQueue<int, (float, int)>();
        for (var neuron = 0; neuron < strength.Length; neuron++)
        {
            // Of equals the lower index counts as stronger, so that the list does not depend on the queue's inner order.
            if (top.Count < TopCount)
            {
                top.Enqueue(neuron, (strength[neuron], -neuron));
            }
            else if (strength[neuron] > strength[top.Peek()])
            {
                top.EnqueueDequeue(neuron, (strength[neuron], -neuron));
            }
        }

        var strongest = new List<NeuronImportance>();
        while (top.TryDequeue(out var neuron, out _))
        {
            strongest.Insert(0, new NeuronImportance(neuron, strength[neuron]));
        }

        return new ImportanceDistribution
        {
            Minimum = minimum,
            Maximum = maximum,
            Mean = sum / strength.Length,
            Median = Selection.Percentile(strength, 50),
            Histogram = histogram,
            Top = strongest,
        };
    }

    private static double ExplorationRate(SparseLayer layer)
    {
        var cells = (double)layer.Weights.Rows * layer.Weights.Columns;
        return Math.Clamp(layer.Explored.Estimate(), layer.Weights.Nnz, cells) / cells;
    }
}
