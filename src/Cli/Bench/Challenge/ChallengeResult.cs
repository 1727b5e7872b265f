using SparseService.Cli.Bench.Kernels;

namespace SparseService.Cli.Bench.Challenge;

/// <summary>Inference through a network of the Graph Challenge, beside GraphBLAS and the machine's limits.</summary>
/// <param name="Network">official or random.</param>
/// <param name="InputOrigin">official (from MNIST) or generated.</param>
/// <param name="Limits">Of one thread, measured in this run.</param>
/// <param name="L3GigabytesPerSecond">Reading 8 MiB, one thread.</param>
internal sealed record ChallengeResult(
    Origin Origin, string Network, int Neurons, int Layers, int Inputs, string InputOrigin, MachineLimits Limits,
    double L3GigabytesPerSecond, IReadOnlyList<ChallengeSide> Sides);

/// <param name="Time">Seconds of a run, in rounds that alternate between the sides.</param>
/// <param name="ChallengeRate">Connections times inputs, by the median.</param>
/// <param name="ExecutedRate">Multiply-adds that were there to be done, by the median; null: the peer does not count them.</param>
/// <param name="OfL2">ExecutedRate · 4 bytes, against the second level's bandwidth of one thread times the threads.</param>
/// <param name="TimesOfOne">Median of this side against ours on one thread.</param>
internal sealed record ChallengeSide(
    string Name, int Threads, int Survivors, bool IsExact, Series Time, double ChallengeRate, double? ExecutedRate, double? OfL2,
    double TimesOfOne);
