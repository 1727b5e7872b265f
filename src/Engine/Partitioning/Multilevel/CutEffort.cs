namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>How much is spent on refining a cut.</summary>
/// <param name="Hottest">First temperature of the annealing, in weights of a net.</param>
/// <param name="Coldest">Last temperature.</param>
/// <param name="Steps">Temperatures.</param>
/// <param name="Tries">Moves drawn at each, for each vertex.</param>
/// <param name="Largest">Most work of a cluster of vertices, in what a part may have.</param>
internal sealed record CutEffort(double Hottest, double Coldest, int Steps, int Tries, double Largest = 0.5);
