using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Gpu;

/// <summary>One update of a layer's topology on a device, see MagnitudeCut.cl and Regrowth.cl.</summary>
/// <remarks>The thresholds are found as on the host, from counts that the device makes. Sites are drawn on the host, since the gaps between them are
/// logarithms, which devices round in their own ways; they depend on no connection. What grows there is decided here.</remarks>
internal sealed class DeviceEvolution(DeviceBackend backend, DeviceScan scan, Connections connections) : IMagnitudeCounts
{
    /// <summary>What Regrowth.cl is compiled with.</summary>
    public static readonly string Options = $"-DINDEX_BITS={ExplorationSketch.IndexBits}";

    private const uint Sign = 1u << 31;
    private const int CountingGroups = 256;

    private readonly CsrMatrix weights = connections.Weights;
    private readonly long nnz = connections.Weights.Nnz;
    private readonly DeviceQueue queue = backend.Queue;
    private readonly int items = backend.Shapes.GroupItems;

    // [connection + 1]: those that stay before it.
    private DeviceMemory Places => backend.Scratch("places", (nnz + 1) * sizeof(int));

    /// <summary>Chooses the connections that go; nothing is changed yet.</summary>
    /// <returns>How many.</returns>
    public long Drop(double dropFraction)
    {
        var counts = this;
        var cut = MagnitudeCut.Of(ref counts, dropFraction);
        if (cut.Dropped > 0)
        {
            var (values, places) = (backend.ToRead(weights.Values), Places);
            queue.Clear(places);
            Cut("mark_kept").Value(nnz).Memory(values).Value(cut.Positive.Magnitude).Value(cut.Positive.Go).Value(cut.Negative.Magnitude)
                .Value(cut.Negative.Go).Memory(places).Run(queue, nnz, items);
            KeepTies(cut.Positive, 0);
            KeepTies(cut.Negative, Sign);
            scan.Run(places, nnz + 1);
        }

        return cut.Dropped;
    }

    /// <inheritdoc cref="Regrowth.Grow(Connections, long, long, WeightInitializer, OpenNeurons, ExplorationSketch, ref RandomStream, OwnColumns)"/>
    public void Grow(long count, long most, WeightInitializer initializer, OpenNeurons open, ExplorationSketch explored, ref RandomStream stream)
    {
        DrawnSites sites;
        ulong? cut;
        GrowthSites draw;
        do
        {
            draw = GrowthSites.Of(open, weights.Columns, nnz, most, ref stream);
            sites = DrawnSites.Of(draw, weights.Rows, initializer, backend.Threads);
        }
        while (!Survey(sites, draw).TryCut(count, out cut));

        // Where the survey has left them.
        var (siteOffsets, columns, grows) = (Offsets(sites), Columns(sites), Grows(sites));
        if (cut is { } from)
        {
            Grower("cut_sites").Value(sites.Columns.Length).Memory(Priorities(sites)).Value(from).Memory(grows).Run(queue, sites.Columns.Length, items);
        }

        scan.Run(grows, sites.Columns.Length + 1);
        Explore(siteOffsets, columns, grows, explored);
        Merge(sites, siteOffsets, columns, grows);
        connections.Resize(nnz);
    }

    void IMagnitudeCounts.CountLeading(Span<int> counts) => Count(
        "count_leading", counts, kernel => kernel.Value(nnz).Memory(backend.ToRead(weights.Values)));

    void IMagnitudeCounts.CountNext(int shift, uint positive, uint negative, Span<int> counts) => Count(
        "count_next", counts, kernel => kernel.Value(nnz).Memory(backend.ToRead(weights.Values)).Value(shift).Value(positive).Value(negative));

    private void Count(string name, Span<int> counts, Func<Kernel, Kernel> values)
    {
        var bytes = counts.Length * sizeof(int);
        var bins = backend.Scratch("bins", bytes);
        queue.Clear(bins);
        values(Cut(name)).Memory(bins).Local(bytes).Run(queue, CountingGroups * items, items);
        queue.Download(bins, counts);
    }

    // Of values that are equal some go and some stay.
    private void KeepTies(CutEnd end, uint sign)
    {
        if (end.Go == 0 || end.Go == end.Ties)
        {
            return;
        }

        var (values, ranks) = (backend.ToRead(weights.Values), DeviceTopology.PerConnection(backend, nnz));
        Cut("mark_ties").Value(nnz).Memory(values).Value(end.Magnitude | sign).Memory(ranks).Run(queue, nnz, items);
        scan.Run(ranks, nnz);
        Cut("keep_ties").Value(nnz).Memory(values).Value(end.Magnitude | sign).Value(end.Go).Memory(ranks).Memory(Places).Run(queue, nnz, items);
    }

    private GrowthSurvey Survey(DrawnSites sites, in GrowthSites draw)
    {
        var (found, watched) = (backend.Scratch("survey", 2 * sizeof(int)), backend.Scratch("watched", sites.Columns.LongLength * sizeof(ulong)));
        backend.Uploaded<int>("site offsets", sites.Offsets);
        backend.Uploaded<int>("sites", sites.Columns);
        queue.Clear(found);
        queue.Clear(Grows(sites));
        Grower("survey_sites").Value(weights.Rows).Value(weights.Columns).Memory(backend.ToRead(weights.RowOffsets))
            .Memory(backend.ToRead(weights.ColumnIndices)).Memory(Places).Memory(Offsets(sites)).Memory(Columns(sites))
            .Value(draw.PriorityKey).Value(draw.Watched).Memory(Grows(sites)).Memory(Priorities(sites)).Memory(found).Memory(watched)
            .Run(queue, weights.Rows, items);
        Span<int> counts = stackalloc int[2];
        queue.Download(found, counts);
        var priorities = new ulong[counts[1]];
        queue.Download<DeviceMemory, ulong>(watched, priorities);
        var survey = new GrowthSurvey();
        survey.Add(counts[0], priorities);
        return survey;
    }

    private void Explore(DeviceMemory siteOffsets, DeviceMemory columns, DeviceMemory ranks, ExplorationSketch explored)
    {
        var registers = backend.Scratch("registers", ExplorationSketch.Registers * sizeof(int));
        queue.Clear(registers);
        Grower("explore").Value(weights.Rows).Value(weights.Columns).Memory(siteOffsets).Memory(columns).Memory(ranks).Memory(registers)
            .Run(queue, weights.Rows, items);
        var seen = new int[ExplorationSketch.Registers];
        queue.Download<DeviceMemory, int>(registers, seen);
        explored.Add(new ExplorationSketch(Array.ConvertAll(seen, rank => (byte)rank)));
    }

    // Old and new connections go to their places in other memory; what each array leaves takes the next one.
    private void Merge(DrawnSites sites, DeviceMemory siteOffsets, DeviceMemory columns, DeviceMemory ranks)
    {
        var (targets, siteTargets) = (DeviceTopology.PerConnection(backend, nnz), backend.Scratch("site targets", sites.Columns.LongLength * sizeof(int)));
        Grower("merge_rows").Value(weights.Rows).Memory(backend.ToRead(weights.RowOffsets)).Memory(backend.ToRead(weights.ColumnIndices))
            .Memory(Places).Memory(siteOffsets).Memory(columns).Memory(ranks).Memory(targets).Memory(siteTargets).Run(queue, weights.Rows, items);
        var spare = new DeviceMemory(backend.Device, 0);
        Move(weights.ColumnIndices, columns);
        Move(weights.Values, backend.Uploaded<float>("site weights", sites.Weights));
        foreach (var slot in connections.State)
        {
            Move(slot, null);
        }

        spare.Dispose();
        Grower("move_offsets").Value(weights.Rows).Memory(Places).Memory(siteOffsets).Memory(ranks).Memory(backend.ToWrite(weights.RowOffsets))
            .Run(queue, weights.Rows + 1L, items);

        void Move<T>(DeviceBuffer<T> buffer, DeviceMemory? grown)
            where T : unmanaged
        {
            // All have the same size, but for buffers that a file was read into.
            if (spare.Bytes < buffer.Capacity * sizeof(int))
            {
                spare.Dispose();
                spare = new DeviceMemory(backend.Device, buffer.Capacity * sizeof(int));
            }

            Grower("move_kept").Value(nnz).Memory(targets).Memory(backend.ToRead(buffer)).Memory(spare).Run(queue, nnz, items);
            Grower("begin_grown").Value(sites.Columns.Length).Memory(siteTargets).Memory(grown).Memory(spare).Run(queue, sites.Columns.Length, items);
            spare = backend.Exchange(buffer, spare);
        }
    }

    // [site + 1]: whether one grows there, and then how many do before it.
    private DeviceMemory Grows(DrawnSites sites) => backend.Scratch("grows", (sites.Columns.LongLength + 1) * sizeof(int));

    private DeviceMemory Priorities(DrawnSites sites) => backend.Scratch("priorities", sites.Columns.LongLength * sizeof(ulong));

    private DeviceMemory Offsets(DrawnSites sites) => backend.Scratch("site offsets", sites.Offsets.LongLength * sizeof(int));

    private DeviceMemory Columns(DrawnSites sites) => backend.Scratch("sites", sites.Columns.LongLength * sizeof(int));

    private Kernel Cut(string name) => backend.KernelOf("MagnitudeCut", name, "");

    private Kernel Grower(string name) => backend.KernelOf("Regrowth", name, Options);
}
