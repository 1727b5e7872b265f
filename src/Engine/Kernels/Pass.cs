namespace SparseService.Engine.Kernels;

/// <summary>The part of a product that one pass over the rows does: some samples, and the connections to some of the sources.</summary>
/// <param name="FirstSample">A strip begins here.</param>
/// <param name="EndSample">A strip ends here.</param>
/// <param name="EndSource">Connections to sources below this one that no earlier pass has done.</param>
/// <param name="IsFirst">The first pass over these samples.</param>
/// <param name="IsLast">The last one.</param>
internal readonly record struct Pass(int FirstSample, int EndSample, int EndSource, bool IsFirst, bool IsLast)
{
    /// <summary>Whether a pass takes whole rows, as a type, so that a loop is compiled without what it does not need.</summary>
    internal interface IKind
    {
        static abstract bool IsWhole { get; }
    }

    public bool IsWhole => IsFirst && IsLast;

    /// <summary>The passes in order. A strip of samples is done for all rows before the next, so that what is read of it stays in the
    /// second-level cache; sources that are too many even so are cut into tiles.</summary>
    /// <param name="sample">Where this pass begins, 0 for the first.</param>
    /// <param name="tile">Its number among those of the strip.</param>
    public static Pass At(int sample, int tile, int tiles, int end, int sources) => new(
        sample, end, (int)((long)sources * (tile + 1) / tiles), tile == 0, tile == tiles - 1);

    /// <summary>Behind the last of a row's connections that belong to the pass.</summary>
    /// <param name="from">The first that no earlier pass has done.</param>
    public static unsafe long EndOf(int* sources, long from, long rowEnd, int endSource)
    {
        while (from + 16 <= rowEnd && sources[from + 15] < endSource)
        {
            from += 16;
        }

        // In halves: where in these a row crosses into the next tile cannot be foretold.
        from += from + 8 <= rowEnd && sources[from + 7] < endSource ? 8 : 0;
        from += from + 4 <= rowEnd && sources[from + 3] < endSource ? 4 : 0;
        from += from + 2 <= rowEnd && sources[from + 1] < endSource ? 2 : 0;
        return from + (from < rowEnd && sources[from] < endSource ? 1 : 0);
    }

    internal readonly struct WholeRows : IKind
    {
        public static bool IsWhole => true;
    }

    internal readonly struct PartsOfRows : IKind
    {
        public static bool IsWhole => false;
    }
}
