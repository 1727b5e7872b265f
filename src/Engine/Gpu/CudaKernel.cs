namespace SparseService.Engine.Gpu;

/// <summary>An entry of a program's PTX, with its arguments.</summary>
internal sealed unsafe class CudaKernel : ApiKernel
{
    /// <summary>What a group may share without asking for more; static and dynamic memory together.</summary>
    private const int SharedForAll = 48 << 10;

    private readonly CudaApi api;
    private readonly nint function;
    private readonly PtxEntry entry;
    private readonly int staticBytes;
    private readonly int[] localBytes;

    // The driver reads the arguments where they are, so these do not move.
    private readonly byte[] values;
    private readonly nint[] places;
    private int allowedBytes;

    public CudaKernel(CudaApi api, nint function, PtxEntry entry)
    {
        (this.api, this.function, this.entry) = (api, function, entry);
        api.Check(Cuda.GetFunctionAttribute(out staticBytes, Cuda.FunctionSharedBytes, function), $"kernel {entry.Name}");
        allowedBytes = SharedForAll - staticBytes;
        localBytes = new int[entry.Parameters.Count];
        values = GC.AllocateArray<byte>(entry.Bytes, pinned: true);
        places = GC.AllocateArray<nint>(entry.Parameters.Count, pinned: true);
        fixed (byte* first = values)
        {
            for (var index = 0; index < places.Length; index++)
            {
                places[index] = (nint)first + entry.Parameters[index].Offset;
            }
        }
    }

    public override void Set(int index, ArgumentKind kind, int bytes, void* value)
    {
        if (entry.Fault(index, kind, bytes) is { } fault)
        {
            throw new DeviceException($"{api.Facts}, kernel {entry.Name}, argument {index}: {fault}. This is a fault of the program");
        }

        if (kind == ArgumentKind.Local)
        {
            localBytes[index] = bytes;
        }
        else
        {
            Buffer.MemoryCopy(value, (void*)places[index], bytes, bytes);
        }
    }

    public override void Launch(nint queue, (long X, long Y) groups, (int X, int Y) group)
    {
        var doing = $"kernel {entry.Name}";
        var (x, y) = CudaGrid.Of(groups, group, $"{api.Facts}, {doing}");
        var shared = LayOutLocals();
        api.Enter();
        Allow(shared, doing);
        fixed (nint* arguments = places)
        {
            var code = Cuda.Launch(
                function, x, y, 1, (uint)group.X, (uint)group.Y, 1, (uint)shared, queue, (void**)arguments, null);
            api.Check(code, $"{doing}, {groups.X} × {groups.Y} groups of {group.X} × {group.Y} work-items, {shared} bytes shared");
        }
    }

    // Functions belong to their modules, which stay.
    public override void Dispose()
    {
    }

    /// <summary>Gives each local argument its place among the bytes that a group shares. What is given is an offset: the kernel adds the
    /// address of its dynamic shared memory, which only the driver knows, for its own static arrays lie before it, and memory of the
    /// system.</summary>
    /// <returns>Bytes of all.</returns>
    private int LayOutLocals()
    {
        var offsets = PtxEntry.LayOut(localBytes, out var bytes);
        for (var index = 0; index < localBytes.Length; index++)
        {
            if (entry.Parameters[index].IsLocal)
            {
                *(uint*)places[index] = (uint)offsets[index];
            }
        }

        return bytes;
    }

    private void Allow(int shared, string doing)
    {
        if (shared <= allowedBytes)
        {
            return;
        }

        if (shared + staticBytes > api.Facts.LocalBytes)
        {
            throw new DeviceException(
                $"{api.Facts}, {doing}: a group shares {shared + staticBytes} bytes; allowed: {api.Facts.LocalBytes}");
        }

        api.Check(Cuda.SetFunctionAttribute(function, Cuda.FunctionMaxDynamicSharedBytes, shared), $"{doing}, {shared} bytes shared");
        allowedBytes = shared;
    }
}
