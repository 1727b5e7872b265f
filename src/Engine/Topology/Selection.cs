namespace SparseService.Engine.Topology;

/// <summary>Order statistics in expected linear time: evolution needs a threshold, not a sorted array.</summary>
public static class Selection
{
    /// <summary>Finds the <paramref name="count"/>-th smallest item (from 1).</summary>
    /// <param name="items">Reordered; no NaN.</param>
    /// <returns>The item, and how many items are smaller than it.</returns>
    public static (float Threshold, int Below) Smallest(Span<float> items, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, items.Length);
        var (low, high) = (0, items.Length - 1);
        var target = count - 1;
        while (low < high)
        {
            var pivot = MedianOfThree(items[low], items[low + ((high - low) / 2)], items[high]);
            var (equalStart, equalEnd) = Partition(items, low, high, pivot);
            if (target < equalStart)
            {
                high = equalStart - 1;
            }
            else if (target > equalEnd)
            {
                low = equalEnd + 1;
            }
            else
            {
                return (pivot, equalStart);
            }
        }

        // A lone item: everything left of it is smaller, by the partitions so far.
        return (items[low], low);
    }

    /// <summary>Percentile with linear interpolation between order statistics (NumPy's default).</summary>
    /// <param name="items">Reordered; at least one.</param>
    /// <param name="percent">0 to 100.</param>
    public static double Percentile(Span<float> items, double percent)
    {
        var position = percent / 100 * (items.Length - 1);
        var below = (int)position;
        var lower = Smallest(items, below + 1).Threshold;
        return below + 1 >= items.Length ? lower : lower + ((position - below) * ((double)Smallest(items, below + 2).Threshold - lower));
    }

    // Dijkstra's three-way partition: [low, equalStart) < pivot, [equalStart, equalEnd] = pivot, (equalEnd, high] > pivot.
    private static (int EqualStart, int EqualEnd) Partition(Span<float> items, int low, int high, float pivot)
    {
        var (start, i, end) = (low, low, high);
        while (i <= end)
        {
            if (items[i] < pivot)
            {
                (items[i], items[start]) = (items[start], items[i]);
                start++;
                i++;
            }
            else if (items[i] > pivot)
            {
                (items[i], items[end]) = (items[end], items[i]);
                end--;
            }
            else
            {
                i++;
            }
        }

        return (start, end);
    }

    private static float MedianOfThree(float a, float b, float c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
