using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Training;

/// <summary>Reads the statistics of a network off its connections: O(nnz + neurons).</summary>
internal static class StatisticsOf
{
    private const int Bins = 20;
    private const int TopCount = 10;

    public static LayerStatistics Layer(SparseLayer layer, SparseLayer? next, bool[]? everActive, double gradientNorm)
    {
        var weights = layer.Weights;
        var disconnected = 0;
        var dead = 0;
        var fanOut = next is null ? null : FanOut(next.Weights);
        for (var neuron = 0; neuron < weights.Rows; neuron++)
        {
            if (weights.FanIn(neuron) == 0 || (fanOut is not null && fanOut[neuron] == 0))
            {
                disconnected++;
            }
            else if (everActive is not null && !everActive[neuron])
            {
                dead++;
            }
        }

        return new LayerStatistics
        {
            Layer = layer.Index + 1,
            Inputs = weights.Columns,
            Outputs = weights.Rows,
            Nnz = weights.Nnz,
            Density = weights.Density,
            PrunedNeurons = layer.Removed.Count(removed => removed),
            DisconnectedNeurons = disconnected,
            DeadNeurons = dead,
            ExplorationRate = ExplorationRate(layer),
            GradientNorm = gradientNorm,
            Importance = Distribution(NeuronStrength.Incoming(weights)),
        };
    }

    internal static ImportanceDistribution Distribution(float[] strength)
    {
        var (minimum, maximum) = (strength.Min(), strength.Max());
        var histogram = new int[Bins];
        foreach (var value in strength)
        {
            histogram[maximum > minimum ? Math.Min(Bins - 1, (int)((value - minimum) / ((double)maximum - minimum) * Bins)) : 0]++;
        }

        var top = new PriorityQueue<int, (float, int)>();
        for (var neuron = 0; neuron < strength.Length; neuron++)
        {
            // Of equals the lower index counts as stronger, so that the list does not depend on the queue's inner order.
            top.Enqueue(neuron, (strength[neuron], -neuron));
            if (top.Count > TopCount)
            {
                top.Dequeue();
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
            Mean = strength.Average(),
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

    private static int[] FanOut(CsrMatrix weights)
    {
        var fanOut = new int[weights.Columns];
        foreach (var column in weights.ColumnIndices.Span)
        {
            fanOut[column]++;
        }

        return fanOut;
    }
}
