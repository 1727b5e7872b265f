using SparseService.Engine.Training;

namespace SparseService.Engine.Topology;

/// <summary>Draws first and regrown weights of one layer, with limits from the full widths, not from the sparse fan-in (as arXiv 2102.01732's code).</summary>
public readonly struct WeightInitializer
{
    private readonly WeightDistribution distribution;
    private readonly double limit;

    private WeightInitializer(WeightDistribution distribution, double limit)
    {
        this.distribution = distribution;
        this.limit = limit;
    }

    /// <param name="inputs">Full width of the layer's input.</param>
    /// <param name="outputs">Full width of the layer's output.</param>
    public static WeightInitializer For(WeightDistribution distribution, int inputs, int outputs) => new(distribution, distribution switch
    {
        WeightDistribution.HeUniform => Math.Sqrt(6.0 / inputs),
        WeightDistribution.XavierUniform => Math.Sqrt(6.0 / ((double)inputs + outputs)),
        WeightDistribution.Normal => 0.1,
        _ => throw new ArgumentOutOfRangeException(nameof(distribution), distribution, "Unknown distribution"),
    });

    public float Draw(ref RandomStream stream) => distribution == WeightDistribution.Normal
        ? (float)(limit * stream.NextNormal())
        : (float)stream.NextDouble(-limit, limit);
}
