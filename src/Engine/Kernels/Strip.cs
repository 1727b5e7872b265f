namespace SparseService.Engine.Kernels;

/// <summary>A stretch of a minibatch that is held in 8, 4, 2 or 1 registers at once.</summary>
/// <remarks>
/// A strip never leaves the minibatch: the last one moves back instead and overlaps its neighbour, so there is no remainder code.
/// </remarks>
internal readonly record struct Strip(int Start, int Registers, int End)
{
    public const int MostRegisters = 8;

    /// <summary>The strip that comes after <paramref name="covered"/> samples are done.</summary>
    /// <param name="lanes">Samples in a register, at most <paramref name="batchSize"/>.</param>
    public static Strip After(int covered, int batchSize, int lanes)
    {
        var registers = MostRegisters;
        while (registers > 1 && (registers * lanes > batchSize || registers * lanes >= 2 * (batchSize - covered)))
        {
            registers /= 2;
        }

        var start = Math.Min(covered, batchSize - (registers * lanes));
        return new Strip(start, registers, start + (registers * lanes));
    }
}
