namespace SparseService.Jobs.Training;

/// <summary>
/// Step losses that wait to be written: each by itself while there are few, means over ever more steps while there are many, so that a fast
/// run or a slow database makes the curve coarser and never longer.
/// </summary>
/// <param name="afterStep">Steps up to this one are recorded already and are left out.</param>
internal sealed class StepBuckets(long afterStep)
{
    public const string Series = "stepLoss";

    /// <summary>Most points of one flush; at ten flushes a second every step of a run with up to 200 steps a second is kept.</summary>
    public const int Capacity = 20;

    private readonly List<(long LastStep, double Sum, int Count)> buckets = new(Capacity);
    private int width = 1;

    public void Add(long step, double loss)
    {
        if (step <= afterStep)
        {
            return;
        }

        if (buckets.Count > 0 && buckets[^1].Count < width)
        {
            var last = buckets[^1];
            buckets[^1] = (step, last.Sum + loss, last.Count + 1);
            return;
        }

        if (buckets.Count == Capacity)
        {
            MergePairs();
        }

        buckets.Add((step, loss, 1));
    }

    /// <summary>Hands out the points (at the last step of each bucket) and starts anew.</summary>
    public List<MetricPoint> Take()
    {
        var points = buckets.ConvertAll(bucket => new MetricPoint(Series, bucket.LastStep, bucket.Sum / bucket.Count));
        buckets.Clear();
        width = 1;
        return points;
    }

    private void MergePairs()
    {
        for (var pair = 0; pair < Capacity / 2; pair++)
        {
            var (first, second) = (buckets[2 * pair], buckets[(2 * pair) + 1]);
            buckets[pair] = (second.LastStep, first.Sum + second.Sum, first.Count + second.Count);
        }

        buckets.RemoveRange(Capacity / 2, Capacity / 2);
        width *= 2;
    }
}
