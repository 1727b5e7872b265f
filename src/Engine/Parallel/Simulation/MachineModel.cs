namespace SparseService.Engine.Parallel.Simulation;

/// <summary>Machines that ranks run on, as far as the time of a step depends on them.</summary>
/// <param name="Latency">Seconds that a message costs whoever sends or receives it, however short.</param>
/// <param name="BytesPerSecond">From a rank to another, and at the same time in the other direction.</param>
/// <param name="FlopsPerCore">Useful operations a second of a core: a multiply and an add for each connection and sample.</param>
/// <param name="Cores">Of a node; its ranks share them, and a rank uses one.</param>
/// <param name="RanksPerNode">Ranks on each node.</param>
/// <param name="ValueSeconds">That a neuron's values cost to be packed and sent, or to come in and be added up, beside their bytes.</param>
/// <param name="ValueByteSeconds">The same for each byte of them.</param>
internal sealed record MachineModel(
    double Latency, double BytesPerSecond, double FlopsPerCore, int Cores, int RanksPerNode, double ValueSeconds = 0,
    double ValueByteSeconds = 0)
{
    /// <summary>Seconds that a core spends on one connection and minibatch.</summary>
    /// <param name="batch">Samples.</param>
    public double ConnectionSeconds(int batch) => 2.0 * batch / FlopsPerCore;

    /// <summary>Seconds that a core spends on what one neuron sends for a minibatch.</summary>
    /// <param name="batch">Samples.</param>
    public double PackSeconds(int batch) => ValueSeconds + (ValueByteSeconds * sizeof(float) * batch);

    /// <summary>How many ranks share one core.</summary>
    /// <param name="ranks">Of the training.</param>
    public double RanksPerCore(int ranks) => Math.Max(1, (double)Math.Min(ranks, RanksPerNode) / Cores);
}
