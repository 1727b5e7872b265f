using SparseService.Engine.Topology;

namespace SparseService.Engine.Inference.Challenge;

/// <summary>Inputs for who has no MNIST files: as many pixels lit as there on average, in each input more or fewer, at places drawn at random.</summary>
/// <remarks>
/// A network mixes all its inputs, so what becomes of an input depends on the share of its pixels that are lit: with weights that add up to 2, it survives
/// if that is above the bias. The share is drawn from an exponential distribution, with which a few in a hundred survive, as of the official inputs.
/// When the others die is not the same.
/// </remarks>
public static class GeneratedInputs
{
    /// <summary>Inputs of the challenge.</summary>
    public const int ChallengeCount = 60_000;

    // Of the official inputs of 1024 neurons: 6374505 of 60000·1024 are lit.
    private const double LitShare = 6374505.0 / ChallengeCount / 1024;
    private const double MostShare = 0.95;

    /// <param name="neurons">Features of an input, a multiple of 64.</param>
    /// <returns>A function of the arguments.</returns>
    public static BitRows Of(int count, int neurons, ulong seed)
    {
        var inputs = new BitRows(count, neurons);
        for (var row = 0; row < count; row++)
        {
            var stream = RandomStream.For(seed, RandomPurpose.GeneratedData, row);
            var share = Math.Min(MostShare, -LitShare * Math.Log(1 - stream.NextDouble()));
            var lit = RandomCells.Bernoulli(neurons, share, stream);
            while (lit.Next(out var feature))
            {
                inputs[row, (int)feature] = true;
            }
        }

        return inputs;
    }
}
