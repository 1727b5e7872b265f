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

    public static LayerStatistics Layer(SparseLayer layer, SparseLayer? next, bool[]? everActive, double gradientNorm)
    {
        var weights = layer.Weights;
        var disconnected = 0;
        var dead = 0;
        var firstDead = new List<int>();
        using var connected = next is null ? null : HaveOutputs(next.Weights);
        using var strength = new DeviceBuffer<float>(weights.Rows);
        NeuronStrength.Incoming(weights, strength.Span);
        for (var neuron = 0; neuron < weights.Rows; neuron++)
        {
            if (weights.FanIn(neuron) == 0 || (connected is not null && !connected[neuron]))
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
            FanIn = FanIn(weights),
            FanOut = FanOut(weights),
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

    private static DegreeDistribution FanIn(CsrMatrix weights)
    {
        using var degrees = new DeviceBuffer<int>(weights.Rows);
        for (var row = 0; row < weights.Rows; row++)
        {
            degrees[row] = weights.FanIn(row);
        }

        return Degrees(degrees.Span);
    }

    private static unsafe DegreeDistribution FanOut(CsrMatrix weights)
    {
        using var degrees = new DeviceBuffer<int>(weights.Columns);
        degrees.Clear();
        for (var k = 0L; k < weights.Nnz; k++)
        {
            degrees.Pointer[weights.ColumnIndices.Pointer[k]]++;
        }

        return Degrees(degrees.Span);
    }

    private static double ExplorationRate(SparseLayer layer)
    {
        var cells = (double)layer.Weights.Rows * layer.Weights.Columns;
        return Math.Clamp(layer.Explored.Estimate(), layer.Weights.Nnz, cells) / cells;
    }

    private static unsafe DeviceBuffer<bool> HaveOutputs(CsrMatrix weights)
    {
        var connected = new DeviceBuffer<bool>(weights.Columns);
        connected.Clear();
        for (var k = 0L; k < weights.Nnz; k++)
        {
            connected.Pointer[weights.ColumnIndices.Pointer[k]] = true;
        }

        return connected;
    }
}
