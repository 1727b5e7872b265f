namespace SparseService.Engine.Gpu;

/// <summary>Memory of a device by purpose, each for the length of an operation: what is queued runs in order, so the next one may have it at once.</summary>
internal sealed unsafe class DeviceScratch<TMemory>(IDeviceLink<TMemory> link) : IDisposable
    where TMemory : class, IDisposable
{
    private readonly Dictionary<string, (TMemory Memory, long Bytes)> pieces = [];

    /// <summary>So many bytes or more, with anything in them.</summary>
    public TMemory Of(string purpose, long bytes)
    {
        if (pieces.TryGetValue(purpose, out var piece))
        {
            if (piece.Bytes >= bytes)
            {
                return piece.Memory;
            }

            piece.Memory.Dispose();
            pieces.Remove(purpose);
        }

        var memory = link.Allocate(bytes);
        pieces.Add(purpose, (memory, bytes));
        return memory;
    }

    public TMemory Uploaded<T>(string purpose, ReadOnlySpan<T> items)
        where T : unmanaged
    {
        var memory = Of(purpose, (long)items.Length * sizeof(T));
        link.Upload(items, memory);
        return memory;
    }

    public T[] Downloaded<T>(TMemory memory, int length)
        where T : unmanaged
    {
        var items = new T[length];
        link.Download<TMemory, T>(memory, items);
        return items;
    }

    public void Dispose()
    {
        foreach (var (memory, _) in pieces.Values)
        {
            memory.Dispose();
        }

        pieces.Clear();
    }
}
