namespace SparseService.Engine.Parallel.Simulation;

/// <summary>Words of a layer by formula, where the layer is too large to be drawn and cut: Erdős–Rényi layers, whose neurons are read by a number of rows that
/// is about Poisson.</summary>
internal static class Volumes
{
    /// <summary>Expected words of a layer whose rows and inputs are dealt out at random: of the P − 1 other parts, each reads a neuron with mean fan-out m with
    /// probability 1 − e^(−m/P).</summary>
    public static double RandomWords(double inputs, double fanOut, int parts) => inputs * (parts - 1) * (1 - Math.Exp(-fanOut / parts));

    /// <summary>Expected ordered pairs of parts of which the first sends to the second.</summary>
    public static double Messages(double words, int parts)
    {
        var pairs = (double)parts * (parts - 1);
        return pairs == 0 ? 0 : pairs * (1 - Math.Exp(-words / pairs));
    }
}
