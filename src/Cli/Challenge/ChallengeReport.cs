using System.Globalization;

namespace SparseService.Cli.Challenge;

/// <summary>What <c>sparse challenge</c> found.</summary>
/// <param name="Network">official or random.</param>
/// <param name="Inputs">How many.</param>
/// <param name="InputOrigin">official (from MNIST), generated or read.</param>
/// <param name="LitPixels">Of all inputs.</param>
/// <param name="Place">What the backend works on.</param>
/// <param name="Seconds">Of each run, from the inputs' bits to the categories.</param>
/// <param name="WaitedSeconds">Of the fastest run, for layers that were not made or read yet; 0 where all lay in memory.</param>
/// <param name="Structured">Whether equal neurons were merged before the run.</param>
/// <param name="ChallengeEdgesPerSecond">Connections times inputs, by the fastest run's seconds: the challenge's own measure.</param>
/// <param name="ExecutedEdgesPerSecond">Multiply-adds that were there to be done, by the same.</param>
/// <param name="ExecutedShare">Of connections times inputs.</param>
/// <param name="Active">Inputs that enter each layer.</param>
/// <param name="Categories">Inputs that survive.</param>
/// <param name="Exact">Whether they are those of the exact computation; null: not compared.</param>
/// <param name="AsFile">Whether they are those of the file that was read; null: there is none.</param>
internal sealed record ChallengeReport(
    string Network, int Neurons, int Layers, long Connections, int Inputs, string InputOrigin, long LitPixels, string Backend, int Threads,
    string Place, bool Structured, IReadOnlyList<double> Seconds, double WaitedSeconds, double ChallengeEdgesPerSecond,
    double ExecutedEdgesPerSecond, double ExecutedShare, IReadOnlyList<long> Active, int Categories, bool? Exact, bool? AsFile)
{
    /// <summary>Said with every figure of an official network.</summary>
    public const string Degenerate =
        "The official networks are degenerate: all weights are 1/16, every 16 neurons of a layer have the same 32 inputs,\n"
        + "so a layer is one of a sixteenth of the width, and what survives saturates at 32. The rate counts connections\n"
        + "of inputs that died long ago.";

    public void Write(TextWriter text)
    {
        var fastest = Seconds.Min();
        Line(text, $"{Network} network, {Neurons} neurons × {Layers} layers: {Connections} connections; {Inputs} inputs ({InputOrigin})");
        Line(text, $"{Backend}, {Place}{(Structured ? ", equal neurons merged" : "")}: {fastest:0.000} s"
            + (Seconds.Count > 1 ? $", the fastest of {Seconds.Count}; slowest {Seconds.Max():0.000} s" : ""));
        if (WaitedSeconds > 0)
        {
            Line(text, $"  {WaitedSeconds:0.000} s of it waiting for layers, which were made or read one ahead of the computation");
        }

        Line(text, $"  {ChallengeEdgesPerSecond:0.00e+0} challenge edges/s (all connections × all inputs)");
        Line(text, $"  {ExecutedEdgesPerSecond:0.00e+0} executed edges/s ({100 * ExecutedShare:0.0} % of that work was there to be done)");
        var exact = Exact switch
        {
            true => ", the same as the exact computation's",
            false => ", NOT those of the exact computation",
            null => ", not checked",
        };
        var asFile = AsFile switch
        {
            true => ", and as the file's",
            false => ", NOT those of the file",
            null => "",
        };
        Line(text, $"Categories: {Categories}{exact}{asFile}");
        if (Network == "official")
        {
            text.WriteLine(Degenerate);
        }
    }

    private static void Line(TextWriter text, FormattableString line) => text.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static void Line(TextWriter text, string line) => text.WriteLine(line);
}
