namespace SparseService.Engine.Kernels;

/// <summary>A stretch of a minibatch that is held in 1 to 8 registers at once.</summary>
/// <param name="Start">First sample.</param>
/// <param name="Last">Where the last register begins, from <paramref name="Start"/>: behind the others, or further back where the
/// minibatch ends, over samples that another register holds too. So there is no remainder code; below 0 it overlaps the strip before.</param>
/// <param name="End">Behind the last sample.</param>
internal readonly record struct Strip(int Start, int Registers, int Last, int End)
{
    public const int MostRegisters = 8;

    /// <summary>The strip that comes after <paramref name="covered"/> samples are done.</summary>
    /// <param name="lanes">Samples in a register, at most <paramref name="batchSize"/>.</param>
    public static Strip After(int covered, int batchSize, int lanes)
    {
        // Even strips: what a strip reads beside its samples costs as much for one register as for eight.
        var left = batchSize - covered;
        var registersLeft = (left + lanes - 1) / lanes;
        var strips = (registersLeft + MostRegisters - 1) / MostRegisters;
        var registers = (registersLeft + strips - 1) / strips;
        var last = Math.Min((registers - 1) * lanes, left - lanes);
        return new Strip(covered, registers, last, covered + last + lanes);
    }

    /// <summary>Lanes at the front of the last register that are another register's already.</summary>
    public int Overlap(int lanes) => ((Registers - 1) * lanes) - Last;
}
