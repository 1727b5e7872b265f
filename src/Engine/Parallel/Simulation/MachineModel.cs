namespace SparseService.Engine.Parallel.Simulation;

/// <summary>Machines that ranks run on, as far as the time of a step depends on them.</summary>
/// <param name="Latency">Seconds that a message costs whoever sends or receives it, however short.</param>
/// <param name="BytesPerSecond">From a rank to another, and at the same time in the other direction.</param>
/// <param name="FlopsPerCore">Useful operations a second of a core: a multiply and an add for each connection and sample.</param>
/// <param name="Cores">Of a node; its ranks share them, and a rank uses one.</param>
/// <param name="RanksPerNode">Ranks on each node.</param>
internal sealed record MachineModel(double Latency, double BytesPerSecond, double FlopsPerCore, int Cores, int RanksPerNode)
{
    /// <summary>Operations a second of one rank while all of them work.</summary>
    /// <param name="ranks">Of the training.</param>
    public double FlopsOfRank(int ranks) => FlopsPerCore * Math.Min(1.0, (double)Cores / Math.Min(ranks, RanksPerNode));
}
