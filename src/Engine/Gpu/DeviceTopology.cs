using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Gpu;

/// <summary>What happens to the connections between steps, on a device: they never leave it. Only lists of new sites and of counts travel.</summary>
internal sealed class DeviceTopology(DeviceBackend backend) : TopologyWork
{
    // The more tiles, the more groups; but counts of all tiles shall not take more room than the connections.
    private const int MostTiles = 256;

    private readonly DeviceScan scan = new(backend);

    /// <summary>Memory for a whole number of each connection, for whoever has it last: never two at a time.</summary>
    public static DeviceMemory PerConnection(DeviceBackend backend, long nnz) => backend.Scratch("per connection", nnz * sizeof(int));

    public override bool TakesSeveralCallers => false;

    public override long Evolve(
        Connections connections,
        double dropFraction,
        WeightInitializer initializer,
        OpenNeurons open,
        ExplorationSketch explored,
        ref RandomStream stream,
        OwnColumns? own)
    {
        if (own is not null)
        {
            // Of several ranks, which do not run on a device.
            return base.Evolve(connections, dropFraction, initializer, open, explored, ref stream, own);
        }

        var evolution = new DeviceEvolution(backend, scan, connections);
        var dropped = evolution.Drop(dropFraction);
        if (dropped > 0)
        {
            var most = SetEvolution.MostDropped(connections.Weights.Nnz, dropFraction);
            evolution.Grow(dropped, most, initializer, open, explored, ref stream);
        }

        return dropped;
    }

    public override void Rebuild(TransposeIndex index)
    {
        index.Refit();
        var columns = index.Matrix.Columns;
        SortByColumn(
            index.Matrix, backend.ToWrite(index.ColumnOffsets, columns + 1L), backend.ToWrite(index.RowIndices, index.Matrix.Nnz),
            backend.ToWrite(index.Positions, index.Matrix.Nnz));
    }

    public override void IncomingStrength(CsrMatrix weights, Span<float> strength)
    {
        if (!backend.Device.HasDouble)
        {
            base.IncomingStrength(weights, strength);
            return;
        }

        Strength(weights, backend.ToRead(weights.RowOffsets), null, strength[..weights.Rows]);
    }

    public override float[] OutgoingStrength(CsrMatrix weights)
    {
        if (!backend.Device.HasDouble)
        {
            return base.OutgoingStrength(weights);
        }

        var positions = PerConnection(backend, weights.Nnz);
        var strength = new float[weights.Columns];
        Strength(weights, Sorted(weights, positions), positions, strength);
        return strength;
    }

    public override void FanOut(CsrMatrix weights, Span<int> degrees)
    {
        var offsets = new long[weights.Columns + 1];
        backend.Queue.Download<DeviceMemory, long>(Sorted(weights, PerConnection(backend, weights.Nnz)), offsets);
        for (var column = 0; column < weights.Columns; column++)
        {
            degrees[column] = (int)(offsets[column + 1] - offsets[column]);
        }
    }

    private void Strength(CsrMatrix weights, DeviceMemory offsets, DeviceMemory? positions, Span<float> strength)
    {
        var sums = backend.Scratch("strength", (long)strength.Length * sizeof(float));
        backend.KernelOf("NeuronStrength", "neuron_strength", "").Value(strength.Length).Memory(offsets).Memory(positions)
            .Memory(backend.ToRead(weights.Values)).Memory(sums).Run(backend.Queue, strength.Length, backend.Shapes.GroupItems);
        backend.Queue.Download(sums, strength);
    }

    private DeviceMemory Sorted(CsrMatrix weights, DeviceMemory positions)
    {
        var offsets = backend.Scratch("sorted offsets", (weights.Columns + 1L) * sizeof(long));
        SortByColumn(weights, offsets, null, positions);
        return offsets;
    }

    private void SortByColumn(CsrMatrix w, DeviceMemory columnOffsets, DeviceMemory? rowIndices, DeviceMemory positions)
    {
        var tiles = (int)Math.Clamp(w.Nnz / Math.Max(1, w.Columns), 1, MostTiles);
        var (rowsOfTile, items) = (((w.Rows - 1) / tiles) + 1, backend.Shapes.GroupItems);
        var (offsets, columns) = (backend.ToRead(w.RowOffsets), backend.ToRead(w.ColumnIndices));
        var counts = backend.Scratch("column counts", (((long)w.Columns * tiles) + 1) * sizeof(int));
        backend.Queue.Clear(counts);
        backend.KernelOf("TransposeIndex", "count_columns", "").Value(w.Rows).Value(rowsOfTile).Memory(offsets).Memory(columns)
            .Value(tiles).Memory(counts).Run(backend.Queue, (long)tiles * items, items);
        scan.Run(counts, ((long)w.Columns * tiles) + 1);
        backend.KernelOf("TransposeIndex", "column_offsets", "").Value(w.Columns).Value(tiles).Memory(counts).Memory(columnOffsets)
            .Run(backend.Queue, w.Columns + 1L, items);
        backend.KernelOf("TransposeIndex", "place_columns", "").Value(w.Rows).Value(rowsOfTile).Memory(offsets).Memory(columns)
            .Value(tiles).Memory(counts).Memory(rowIndices).Memory(positions).Run(backend.Queue, (long)tiles * items, items);
    }
}
