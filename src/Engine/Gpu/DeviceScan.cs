namespace SparseService.Engine.Gpu;

/// <summary>Scan.cl: sums before each of many whole numbers.</summary>
internal sealed class DeviceScan(DeviceBackend backend)
{
    // As in Scan.cl.
    private const int OwnValues = 8;

    /// <summary>What the program is compiled with.</summary>
    public static string Options(KernelShapes shapes) => $"-DITEMS={shapes.GroupItems}";

    private int Items => backend.Shapes.GroupItems;

    /// <summary>Every number becomes the sum of those before it.</summary>
    /// <param name="values">int; the sum of all is below 2³¹.</param>
    public void Run(DeviceMemory values, long count)
    {
        var tile = Items * OwnValues;
        var tiles = (count + tile - 1) / tile;
        var totals = backend.Scratch("totals of tiles", tiles * sizeof(int));
        KernelOf("scan_tiles").Value(count).Memory(values).Memory(totals).Local(Items * sizeof(int)).Run(backend.Queue, tiles * Items, Items);
        KernelOf("scan_totals").Value(tiles).Memory(totals).Local(Items * sizeof(int)).Run(backend.Queue, Items, Items);
        KernelOf("add_totals").Value(count).Memory(values).Memory(totals).Run(backend.Queue, count, Items);
    }

    private Kernel KernelOf(string name) => backend.KernelOf("Scan", name, Options(backend.Shapes));
}
