using SparseService.Engine.Sparse;

namespace SparseService.Engine.Gpu;

/// <summary>A layer's connections as FusedLayer.cl reads them: by blocks of rows, stages of inputs and slices of padded rows.</summary>
internal sealed class SlicedLayer
{
    /// <summary>Columns within a stage and inputs within a layer are 16 bits.</summary>
    public const int MostInputs = ushort.MaxValue + 1;

    private SlicedLayer(
        int inputs, int outputs, int[] firstStages, int[] mapOffsets, ushort[] map, int[] sliceOffsets, ushort[] columns, float[] values)
    {
        Inputs = inputs;
        Outputs = outputs;
        FirstStages = firstStages;
        MapOffsets = mapOffsets;
        Map = map;
        SliceOffsets = sliceOffsets;
        Columns = columns;
        Values = values;
    }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>Of each block of rows; one more.</summary>
    public int[] FirstStages { get; }

    /// <summary>Where each stage's inputs begin in <see cref="Map"/>; one more.</summary>
    public int[] MapOffsets { get; }

    /// <summary>The inputs of each stage, ascending.</summary>
    public ushort[] Map { get; }

    /// <summary>Where the weights of each stage's slices begin; one more.</summary>
    public int[] SliceOffsets { get; }

    /// <summary>Counted within the stage; [entry of the row, row of the slice].</summary>
    public ushort[] Columns { get; }

    /// <summary>As <see cref="Columns"/>; 0 where a row has no such entry.</summary>
    public float[] Values { get; }

    public long Bytes => ((long)(FirstStages.Length + MapOffsets.Length + SliceOffsets.Length) * sizeof(int))
        + ((long)(Map.Length + Columns.Length) * sizeof(ushort)) + ((long)Values.Length * sizeof(float));

    /// <summary>O(nnz + padding). The order of a row's connections stays, so its sum has the same bits as row by row.</summary>
    /// <exception cref="ArgumentException">The layer has more inputs than 16 bits count.</exception>
    public static SlicedLayer Of(CsrMatrix w, FusedShape shape)
    {
        if (w.Columns > MostInputs)
        {
            throw new ArgumentException($"The layer has {w.Columns} inputs; allowed: at most {MostInputs}", nameof(w));
        }

        var (firstStages, mapOffsets, sliceOffsets) = (new List<int> { 0 }, new List<int> { 0 }, new List<int> { 0 });
        var (map, columns, values) = (new List<ushort>(), new List<ushort>(), new List<float>());
        var places = new int[w.Columns];
        var next = new long[shape.Rows];
        for (var firstRow = 0; firstRow < w.Rows; firstRow += shape.Rows)
        {
            var rows = Math.Min(shape.Rows, w.Rows - firstRow);
            var used = InputsOf(w, firstRow, rows);
            for (var place = 0; place < used.Length; place++)
            {
                places[used[place]] = place;
                map.Add((ushort)used[place]);
            }

            for (var row = 0; row < rows; row++)
            {
                next[row] = w.RowOffsets[firstRow + row];
            }

            for (var from = 0; from < used.Length; from += shape.Stage)
            {
                mapOffsets.Add(mapOffsets[^1] + Math.Min(shape.Stage, used.Length - from));
                for (var slice = 0; slice < shape.Rows / shape.Slice; slice++)
                {
                    AddSlice(new Source(w, places, next, firstRow, rows, from), slice * shape.Slice, shape, columns, values);
                    sliceOffsets.Add(columns.Count);
                }
            }

            firstStages.Add(mapOffsets.Count - 1);
        }

        return new SlicedLayer(
            w.Columns, w.Rows, [.. firstStages], [.. mapOffsets], [.. map], [.. sliceOffsets], [.. columns], [.. values]);
    }

    private static int[] InputsOf(CsrMatrix w, int firstRow, int rows)
    {
        var used = new SortedSet<int>();
        for (var k = w.RowOffsets[firstRow]; k < w.RowOffsets[firstRow + rows]; k++)
        {
            used.Add(w.ColumnIndices[k]);
        }

        return [.. used];
    }

    // A row's connections ascend, so those of a stage are the next ones.
    private static void AddSlice(in Source source, int first, FusedShape shape, List<ushort> columns, List<float> values)
    {
        var (w, end) = (source.W, source.From + shape.Stage);
        var longest = 0;
        var counts = new int[shape.Slice];
        for (var lane = 0; lane < shape.Slice && first + lane < source.Rows; lane++)
        {
            var (at, last) = (source.Next[first + lane], w.RowOffsets[source.FirstRow + first + lane + 1]);
            while (at + counts[lane] < last && source.Places[w.ColumnIndices[at + counts[lane]]] < end)
            {
                counts[lane]++;
            }

            longest = Math.Max(longest, counts[lane]);
        }

        for (var entry = 0; entry < longest; entry++)
        {
            for (var lane = 0; lane < shape.Slice; lane++)
            {
                var isThere = entry < counts[lane];
                var k = isThere ? source.Next[first + lane] + entry : 0;
                columns.Add(isThere ? (ushort)(source.Places[w.ColumnIndices[k]] - source.From) : (ushort)0);
                values.Add(isThere ? w.Values[k] : 0);
            }
        }

        for (var lane = 0; lane < shape.Slice && first + lane < source.Rows; lane++)
        {
            source.Next[first + lane] += counts[lane];
        }
    }

    /// <param name="Places">Of each input among those of the block.</param>
    /// <param name="Next">Of each row: its first connection that no stage has.</param>
    /// <param name="From">First place of the stage.</param>
    private readonly record struct Source(CsrMatrix W, int[] Places, long[] Next, int FirstRow, int Rows, int From);
}

/// <summary>How FusedLayer.cl is cut.</summary>
/// <param name="Rows">Outputs of a group, a work-item each.</param>
/// <param name="Stage">Inputs that stand in local memory at a time.</param>
/// <param name="Slice">Rows that are padded to one length; divides <paramref name="Rows"/>.</param>
/// <param name="Width">Inputs of the network in a register.</param>
/// <param name="Registers">Registers of a work-item.</param>
internal sealed record FusedShape(int Rows, int Stage, int Slice, int Width, int Registers)
{
    /// <summary>As in the paper: 256 rows, 24 KiB of local memory, slices of a warp, 12 inputs.</summary>
    public static FusedShape OfGpu { get; } = new(256, 512, 32, 4, 3);

    /// <summary>A processor's registers hold 16, and its caches do not care for the size of a stage.</summary>
    public static FusedShape OfProcessor { get; } = new(64, 512, 8, 16, 1);

    /// <summary>Inputs of the network that a group computes with.</summary>
    public int Features => Width * Registers;

    public string Options => $"-DROWS={Rows} -DSLICE={Slice} -DWIDTH={Width} -DREGISTERS={Registers} -DITEMS={DeviceInference.CompactItems}";

    public static FusedShape Of(GpuDevice device) => device.IsGpu ? OfGpu : OfProcessor;
}
