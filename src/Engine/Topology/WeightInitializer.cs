using SparseService.Engine.Training;

namespace SparseService.Engine.Topology;

/// <summary>Draws first and regrown weights of one layer. Limits come from the full widths (as in arXiv 2102.01732's code) unless the
/// distribution says otherwise.</summary>
public readonly struct WeightInitializer
{
    private readonly WeightDistribution distribution;
    private readonly double limit;

    private WeightInitializer(WeightDistribution distribution, double limit)
    {
        this.distribution = distribution;
        this.limit = limit;
    }

    /// <summary>Always 0.</summary>
    public static WeightInitializer Zero { get; } = new(WeightDistribution.HeUniform, 0);

    /// <param name="inputs">Full width of the layer's input.</param>
    /// <param name="outputs">Full width of the layer's output.</param>
    /// <param name="connections">Stored connections of the layer.</param>
    public static WeightInitializer For(WeightDistribution distribution, int inputs, int outputs, long connections) => new(
        distribution, distribution switch
    {
        WeightDistribution.HeUniform => Math.Sqrt(6.0 / inputs),
        WeightDistribution.XavierUniform => Math.Sqrt(6.0 / ((double)inputs + outputs)),
        WeightDistribution.Normal => 0.1,
        WeightDistribution.SparseHeUniform => Math.Sqrt(6.0 * outputs / Math.Max(1, connections)),
        _ => throw new ArgumentOutOfRangeException(nameof(distribution), distribution, "Unknown distribution"),
    });

    public float Draw(ref RandomStream stream) => distribution == WeightDistribution.Normal
        ? (float)(limit * stream.NextNormal())
        : (float)stream.NextDouble(-limit, limit);
}
