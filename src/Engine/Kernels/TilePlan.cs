namespace SparseService.Engine.Kernels;

/// <summary>When and how a minibatch is cut so that the part that connections read at random stays in the second-level cache.</summary>
/// <param name="TileBytes">Of a tile: half of a second-level cache of 1 MiB.</param>
/// <param name="LeastConnections">Of a row in a tile, on average: with fewer, taking its sums up again costs more than the cache gives
/// (measured: 3072 inputs at 5 % 68 → 85 GFLOP/s, with 51 connections of a row in a tile; at 1 % 65 → 66, at 0.1 % 45 → 29).</param>
/// <param name="MostScratch">Connections of a layer whose weight gradient may be added up over several passes: 16 MiB.</param>
/// <param name="FarBytes">Of the sources from which on each connection waits for memory and is asked for ahead.</param>
internal readonly record struct TilePlan(long TileBytes, int LeastConnections, long MostScratch = 4 << 20, long FarBytes = 16 << 20)
{
    // In floats.
    private const int CacheLine = 16;

    public static TilePlan Default => new(512 << 10, 16);

    /// <summary>Into how many tiles the sources are cut.</summary>
    /// <param name="stripBytes">What is read of a source.</param>
    public int TilesOf(long rows, long sources, long connections, long stripBytes)
    {
        var tiles = Parts(sources * stripBytes);
        return tiles * rows * LeastConnections <= connections ? (int)tiles : 1;
    }

    /// <summary>Whether all sources with all their samples are one tile.</summary>
    public bool Holds(long sources, long batchSize, int elementSize) => Parts(sources * batchSize * elementSize) <= 1;

    /// <summary>Whether the sources are far beyond the last-level cache, so that each connection waits for memory.</summary>
    public bool IsFar(long sources, long batchSize, int elementSize = sizeof(float)) => sources * batchSize * elementSize > FarBytes;

    /// <summary>Whether a layer's input gradient and weight gradient are taken in one pass over its columns: not where a row of dY comes from
    /// memory each time, nor with more connections than scratch memory is for, nor where most columns have none (measured: 1024-10 at 5 %
    /// 0.8 times the speed of two passes, 1024-1024 at 0.1 % 1.2 times, all others 1.2 to 1.9 times).</summary>
    public bool FusesBackward(int rows, int columns, long connections, int batchSize) =>
        connections >= columns && connections <= MostScratch && !IsFar(rows, batchSize);

    /// <summary>Whether a first layer reads bytes: a fourth of the traffic, but each register takes three instructions more, and each connection two
    /// (measured, a whole step from floats and from bytes: 3072 inputs, 128 samples 1.11 times the speed, 64 samples 1.03, 32 samples 0.93, one 0.8; 784
    /// inputs, 128 samples 1.025, 96 samples 0.99).</summary>
    public bool FavoursBytes(long features, long batchSize) =>
        batchSize >= 4 * CacheLine && features * batchSize * sizeof(float) >= TileBytes * 3 / 4;

    private long Parts(long bytes) => Math.Max(1, (bytes + TileBytes - 1) / TileBytes);
}
