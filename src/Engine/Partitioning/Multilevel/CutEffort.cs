namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>How much is spent on refining a cut.</summary>
/// <param name="Hottest">First temperature of the annealing, in weights of a net.</param>
/// <param name="Coldest">Last temperature.</param>
/// <param name="Steps">Temperatures.</param>
/// <param name="Tries">Moves drawn at each, for each vertex.</param>
internal sealed record CutEffort(double Hottest, double Coldest, int Steps, int Tries);
