using System.Numerics;
using System.Runtime.InteropServices;
using SparseService.Engine.Inference;

namespace SparseService.Engine.Gpu;

/// <summary>A layer's connections as FusedLayer.cl reads them: by blocks of rows, stages of inputs and slices of padded rows.</summary>
internal sealed class SlicedLayer
{
    private SlicedLayer(CompactLayer from, SlicedBlock[] blocks)
    {
        (Inputs, Outputs, Cap, Biases) = (from.Inputs, from.Outputs, from.Cap, from.Bias.ToArray());
        FirstStages = Sums(blocks.Select(block => block.StageInputs.Count));
        MapOffsets = Sums(blocks.SelectMany(block => block.StageInputs));
        SliceOffsets = Sums(blocks.SelectMany(block => block.SliceEntries));
        Map = Joined(blocks, MapOffsets[^1], block => block.Map);
        Columns = Joined(blocks, SliceOffsets[^1], block => block.Columns);
        Values = Joined(blocks, SliceOffsets[^1], block => block.Values);
    }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>Largest output.</summary>
    public float Cap { get; }

    /// <summary>One per output.</summary>
    public float[] Biases { get; }

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
        + ((long)(Map.Length + Columns.Length) * sizeof(ushort)) + ((long)(Values.Length + Biases.Length) * sizeof(float));

    /// <summary>O(nnz + padding), the blocks of rows side by side. The order of a row's connections stays, so its sum has the same bits as row by row.</summary>
    public static SlicedLayer Of(CompactLayer layer, FusedShape shape)
    {
        var blocks = new SlicedBlock[(layer.Outputs + shape.Rows - 1) / shape.Rows];
        System.Threading.Tasks.Parallel.For(
            0, blocks.Length, () => new ushort[layer.Inputs], (block, _, places) =>
            {
                blocks[block] = new SlicedBlock(layer, block * shape.Rows, shape, places);
                return places;
            },
            _ => { });
        return new SlicedLayer(layer, blocks);
    }

    private static int[] Sums(IEnumerable<int> counts)
    {
        var sums = new List<int> { 0 };
        foreach (var count in counts)
        {
            sums.Add(sums[^1] + count);
        }

        return [.. sums];
    }

    private static T[] Joined<T>(SlicedBlock[] blocks, int length, Func<SlicedBlock, List<T>> part)
    {
        var (joined, at) = (new T[length], 0);
        foreach (var block in blocks)
        {
            part(block).CopyTo(joined, at);
            at += part(block).Count;
        }

        return joined;
    }
}

/// <summary>The rows of one group: what they read, stage by stage, and their connections in slices.</summary>
internal sealed class SlicedBlock
{
    private readonly CompactLayer layer;
    private readonly FusedShape shape;
    private readonly int firstRow;
    private readonly int rows;

    // Of each input among those of the block; only those that the block reads are right.
    private readonly ushort[] places;

    // Of each row: its first connection that no stage has.
    private readonly int[] next;

    /// <param name="places">Scratch, one per input of the layer.</param>
    public SlicedBlock(CompactLayer layer, int firstRow, FusedShape shape, ushort[] places)
    {
        (this.layer, this.firstRow, this.shape, this.places) = (layer, firstRow, shape, places);
        rows = Math.Min(shape.Rows, layer.Outputs - firstRow);
        next = layer.Offsets.Slice(firstRow, rows).ToArray();
        Map = InputsInOrder();
        for (var place = 0; place < Map.Count; place++)
        {
            places[Map[place]] = (ushort)place;
        }

        for (var from = 0; from < Map.Count; from += shape.Stage)
        {
            StageInputs.Add(Math.Min(shape.Stage, Map.Count - from));
            for (var slice = 0; slice < shape.Rows; slice += shape.Slice)
            {
                SliceEntries.Add(AddSlice(slice, from));
            }
        }
    }

    /// <summary>The inputs that the rows read, ascending: those of the first stage, then those of the next.</summary>
    public List<ushort> Map { get; }

    /// <summary>How many inputs each stage has.</summary>
    public List<int> StageInputs { get; } = [];

    /// <summary>How many entries each slice of each stage has, padding included.</summary>
    public List<int> SliceEntries { get; } = [];

    public List<ushort> Columns { get; } = [];

    public List<float> Values { get; } = [];

    private List<ushort> InputsInOrder()
    {
        var isUsed = new ulong[(layer.Inputs + 63) / 64];
        for (var k = layer.Offsets[firstRow]; k < layer.Offsets[firstRow + rows]; k++)
        {
            var input = layer.Column(k);
            isUsed[input / 64] |= 1UL << (input % 64);
        }

        var inputs = new List<ushort>();
        for (var word = 0; word < isUsed.Length; word++)
        {
            for (var left = isUsed[word]; left != 0; left &= left - 1)
            {
                inputs.Add((ushort)((word * 64) + BitOperations.TrailingZeroCount(left)));
            }
        }

        return inputs;
    }

    // A row's connections ascend, so those of a stage are the next ones.
    private int AddSlice(int first, int from)
    {
        var counts = new int[shape.Slice];
        for (var lane = 0; lane < shape.Slice && first + lane < rows; lane++)
        {
            counts[lane] = CountInStage(first + lane, from + shape.Stage);
        }

        var (longest, start) = (counts.Max(), Columns.Count);
        CollectionsMarshal.SetCount(Columns, start + (longest * shape.Slice));
        CollectionsMarshal.SetCount(Values, start + (longest * shape.Slice));
        var columns = CollectionsMarshal.AsSpan(Columns)[start..];
        var values = CollectionsMarshal.AsSpan(Values)[start..];
        columns.Clear();
        values.Clear();
        for (var lane = 0; lane < shape.Slice && first + lane < rows; lane++)
        {
            for (var entry = 0; entry < counts[lane]; entry++)
            {
                var k = next[first + lane]++;
                columns[(entry * shape.Slice) + lane] = (ushort)(places[layer.Column(k)] - from);
                values[(entry * shape.Slice) + lane] = layer.Values[k];
            }
        }

        return columns.Length;
    }

    /// <summary>Connections of a row, from its next one on, whose inputs stand before <paramref name="end"/>.</summary>
    private int CountInStage(int row, int end)
    {
        var (k, last) = (next[row], layer.Offsets[firstRow + row + 1]);
        while (k < last && places[layer.Column(k)] < end)
        {
            k++;
        }

        return k - next[row];
    }
}
