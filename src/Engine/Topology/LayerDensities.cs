using SparseService.Engine.Training;

namespace SparseService.Engine.Topology;

/// <summary>How many connections each weight layer gets.</summary>
public static class LayerDensities
{
    /// <summary>Density of every weight layer, input side first; each above 0, at most 1.</summary>
    /// <param name="options">Of any kind but <see cref="TopologyKind.Edges"/>, whose densities are those of the edges.</param>
    /// <param name="layers">Width of every layer, input first.</param>
    public static double[] Of(TopologyOptions options, IReadOnlyList<int> layers) => options.Kind switch
    {
        TopologyKind.ErdosRenyi => ErdosRenyi(options.Epsilon, layers),
        TopologyKind.ErdosRenyiKernel => ErdosRenyiKernel(Required(options), layers),
        TopologyKind.Uniform => Enumerable.Repeat(Required(options), layers.Count - 1).ToArray(),
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.Kind, "A list of edges has no prescribed densities"),
    };

    /// <summary>p = epsilon·(in + out)/(in·out), at most 1 (SET; arXiv 1707.04780, equation 1).</summary>
    private static double[] ErdosRenyi(double epsilon, IReadOnlyList<int> layers) =>
        Ratios(layers).Select(ratio => Math.Min(1, epsilon * ratio)).ToArray();

    /// <summary>
    /// density_l = c·(in + out)/(in·out) with the one c that meets the overall density (RigL, arXiv 1911.11134, section 3).
    /// A layer that would pass 1 is made dense and the rest solved again.
    /// </summary>
    private static double[] ErdosRenyiKernel(double density, IReadOnlyList<int> layers)
    {
        var ratios = Ratios(layers);
        var all = Enumerable.Range(0, ratios.Length).ToArray();
        var cells = all.Select(l => (double)layers[l] * layers[l + 1]).ToArray();
        var dense = new bool[ratios.Length];
        while (true)
        {
            var budget = (density * cells.Sum()) - all.Where(l => dense[l]).Sum(l => cells[l]);
            var open = all.Where(l => !dense[l]).ToArray();
            var c = open.Length > 0 ? Math.Max(0, budget) / open.Sum(l => ratios[l] * cells[l]) : 0;
            if (open.Length == 0 || c * open.Max(l => ratios[l]) <= 1)
            {
                return all.Select(l => dense[l] ? 1 : c * ratios[l]).ToArray();
            }

            var fullest = open.Max(l => ratios[l]);
            foreach (var l in open.Where(l => ratios[l] >= fullest))
            {
                dense[l] = true;
            }
        }
    }

    private static double[] Ratios(IReadOnlyList<int> layers) =>
        layers.Zip(layers.Skip(1), (inputs, outputs) => ((double)inputs + outputs) / ((double)inputs * outputs)).ToArray();

    private static double Required(TopologyOptions options) =>
        options.Density
        ?? throw new ArgumentException($"topology.density is missing; allowed: above 0, at most 1, for {options.Kind}", nameof(options));
}
