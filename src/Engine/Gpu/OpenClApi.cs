using System.Text;

namespace SparseService.Engine.Gpu;

/// <summary>A device through OpenCL 1.2. The device's own compiler builds the kernels.</summary>
internal sealed unsafe partial class OpenClApi : DeviceApi
{
    public const string ApiName = "opencl";

    private readonly nint id;
    private readonly Lazy<nint> context;
    private readonly bool roundsDivision;

    private OpenClApi(nint platform, nint id)
    {
        this.id = id;
        Facts = new DeviceFacts
        {
            Name = Text(OpenCl.DeviceName).Trim(),
            Platform = PlatformText(platform, OpenCl.PlatformName).Trim(),
            Driver = Text(OpenCl.DeviceDriverVersion),
            IsGpu = (Number(OpenCl.DeviceType) & OpenCl.TypeGpu) != 0,
            MemoryBytes = (long)Number(OpenCl.DeviceGlobalMemSize),
            LargestBufferBytes = (long)Number(OpenCl.DeviceMaxMemAllocSize),
            LocalBytes = (long)Number(OpenCl.DeviceLocalMemSize),
            ComputeUnits = (int)Number(OpenCl.DeviceMaxComputeUnits, sizeof(uint)),
            SharesHostMemory = Number(OpenCl.DeviceHostUnifiedMemory, sizeof(uint)) != 0,
            HasDouble = Text(OpenCl.DeviceExtensions).Contains("cl_khr_fp64", StringComparison.Ordinal),
        };
        roundsDivision = (Number(OpenCl.DeviceSingleFpConfig) & OpenCl.CorrectlyRoundedDivideSqrt) != 0;
        context = new Lazy<nint>(CreateContext);
    }

    public override string Name => ApiName;

    public override DeviceFacts Facts { get; }

    private nint Context => context.Value;

    private string Device => Facts.ToString();

    /// <summary>All devices of all platforms; empty where OpenCL is not installed.</summary>
    public static List<DeviceApi> Find()
    {
        // A loader without any platform answers with an error; a broken driver must not take its neighbours with it.
        var found = new List<DeviceApi>();
        foreach (var platform in OpenCl.IsInstalled ? Ids((entries, ids, count) => OpenCl.GetPlatforms(entries, ids, count)) : [])
        {
            foreach (var device in Ids((entries, ids, count) => OpenCl.GetDevices(platform, OpenCl.TypeAll, entries, ids, count)))
            {
                found.Add(new OpenClApi(platform, device));
            }
        }

        return found;
    }

    /// <summary>What to install where no device was found.</summary>
    public static string WhatIsMissing => OpenCl.IsInstalled
        ? $"OpenCL knows no device: {OpenCl.LibraryName} is there, but no driver is. Install the driver of your device"
            + " (its file is named in /etc/OpenCL/vendors), for a processor pocl-opencl-icd, or use the backend simd"
        : $"OpenCL is not on this machine: {OpenCl.LibraryName} is missing. Install ocl-icd-libopencl1 and the driver of your device"
            + " (for a processor pocl-opencl-icd), or use the backend simd";

    public override nint BuildProgram(string name, string source, string options)
    {
        var text = Encoding.UTF8.GetBytes(source);
        var all = new StringBuilder("-cl-std=CL1.2").Append(Facts.HasDouble ? " -DWIDE_IS_DOUBLE" : "")
            .Append(roundsDivision ? " -cl-fp32-correctly-rounded-divide-sqrt" : "").Append(' ').Append(options).Append('\0').ToString();
        nint program;
        fixed (byte* first = text)
        {
            var length = (nuint)text.Length;
            var pointer = first;
            program = OpenCl.CreateProgram(Context, 1, &pointer, &length, out var error);
            OpenClFault.Check(error, Device, $"program {name}");
        }

        var device = id;
        int code;
        fixed (byte* flags = Encoding.ASCII.GetBytes(all))
        {
            code = OpenCl.BuildProgram(program, 1, &device, flags, 0, 0);
        }

        if (code != 0)
        {
            var log = BuildLog(program);
            _ = OpenCl.ReleaseProgram(program);
            throw new KernelBuildException(
                $"{Device}, program {name}: does not build (OpenCL error {code}, options {options}). Update the device's driver, or use the"
                + $" backend simd. Its compiler said:\n{log}");
        }

        return program;
    }

    public override ApiKernel CreateKernel(nint program, string name)
    {
        var kernel = OpenCl.CreateKernel(program, name, out var error);
        OpenClFault.Check(error, Device, $"kernel {name}");
        return new OpenClKernel(Device, kernel, name);
    }

    public override nint Allocate(long bytes, string doing)
    {
        var memory = OpenCl.CreateBuffer(Context, OpenCl.MemReadWrite, (nuint)bytes, null, out var error);
        OpenClFault.Check(error, Device, doing, allocates: true);
        return memory;
    }

    public override void Free(nint memory) => _ = OpenCl.ReleaseMemory(memory);

    public override nint CreateQueue()
    {
        var queue = OpenCl.CreateQueue(Context, id, 0, out var error);
        OpenClFault.Check(error, Device, "command queue", allocates: true);
        return queue;
    }

    public override void ReleaseQueue(nint queue) => _ = OpenCl.ReleaseQueue(queue);

    public override void Finish(nint queue) => OpenClFault.Check(OpenCl.Finish(queue), Device, "waiting for the queue");

    public override PinnedMemory Pin(nint queue, long bytes)
    {
        const string doing = "page-locked memory";
        var memory = OpenCl.CreateBuffer(Context, OpenCl.MemReadWrite | OpenCl.MemAllocHostPointer, (nuint)bytes, null, out var error);
        OpenClFault.Check(error, Device, doing, allocates: true);
        var mapped = OpenCl.Map(queue, memory, 1, OpenCl.MapRead | OpenCl.MapWrite, 0, (nuint)bytes, 0, null, null, out error);
        if (error != 0)
        {
            _ = OpenCl.ReleaseMemory(memory);
            throw OpenClFault.Of(error, Device, doing, allocates: true);
        }

        return new MappedMemory(queue, memory, mapped);
    }

    public override nint Write(nint queue, nint memory, long offset, long bytes, void* host, bool isBlocking)
    {
        nint done = 0;
        var code = OpenCl.Write(queue, memory, isBlocking ? 1u : 0, (nuint)offset, (nuint)bytes, host, 0, null, isBlocking ? null : &done);
        OpenClFault.Check(code, Device, $"a transfer of {bytes:N0} bytes to the device", allocates: true);
        return done;
    }

    public override nint Read(nint queue, nint memory, long offset, long bytes, void* host, bool isBlocking)
    {
        nint done = 0;
        var code = OpenCl.Read(queue, memory, isBlocking ? 1u : 0, (nuint)offset, (nuint)bytes, host, 0, null, isBlocking ? null : &done);
        OpenClFault.Check(code, Device, $"a transfer of {bytes:N0} bytes from the device");
        return done;
    }

    public override void Clear(nint queue, nint memory, long bytes)
    {
        byte zero = 0;
        var code = OpenCl.Fill(queue, memory, &zero, sizeof(byte), 0, (nuint)bytes, 0, null, null);
        OpenClFault.Check(code, Device, $"clearing {bytes:N0} bytes", allocates: true);
    }

    public override nint Mark(nint queue)
    {
        nint mark = 0;
        OpenClFault.Check(OpenCl.Marker(queue, 0, null, &mark), Device, "a mark in the queue");

        // Another queue may wait for it: what is not sent to the device would never come.
        OpenClFault.Check(OpenCl.Flush(queue), Device, "sending the queue to the device");
        return mark;
    }

    public override void After(nint queue, nint mark)
    {
        var code = OpenCl.Barrier(queue, 1, &mark, null);
        _ = OpenCl.ReleaseEvent(mark);
        OpenClFault.Check(code, Device, "waiting for another queue");
    }

    public override void Wait(nint done)
    {
        var code = OpenCl.Wait(1, &done);
        _ = OpenCl.ReleaseEvent(done);
        OpenClFault.Check(code, Device, "waiting for a transfer");
    }

    public override void ReleaseEvent(nint done) => _ = OpenCl.ReleaseEvent(done);

    private string BuildLog(nint program)
    {
        nuint size;
        _ = OpenCl.GetBuildInfo(program, id, OpenCl.ProgramBuildLog, 0, null, &size);
        var log = new byte[(int)size + 1];
        fixed (byte* first = log)
        {
            _ = OpenCl.GetBuildInfo(program, id, OpenCl.ProgramBuildLog, size, first, null);
        }

        return Encoding.UTF8.GetString(log).TrimEnd('\0', '\n');
    }

    private nint CreateContext()
    {
        var device = id;
        var created = OpenCl.CreateContext(null, 1, &device, 0, 0, out var error);
        OpenClFault.Check(error, Device, "context");
        return created;
    }

    private delegate int Listing(uint entries, nint* ids, uint* count);

    private static nint[] Ids(Listing list)
    {
        uint count = 0;
        if (list(0, null, &count) != 0 || count == 0)
        {
            return [];
        }

        var ids = new nint[count];
        fixed (nint* first = ids)
        {
            return list(count, first, &count) == 0 ? ids : [];
        }
    }

    private ulong Number(uint name, int bytes = sizeof(ulong))
    {
        ulong value = 0;
        OpenClFault.Check(OpenCl.GetDeviceInfo(id, name, (nuint)bytes, &value, null), "an OpenCL device", $"property 0x{name:X}");
        return value;
    }

    private string Text(uint name)
    {
        nuint size;
        OpenClFault.Check(OpenCl.GetDeviceInfo(id, name, 0, null, &size), "an OpenCL device", $"property 0x{name:X}");
        var text = new byte[(int)size];
        fixed (byte* first = text)
        {
            OpenClFault.Check(OpenCl.GetDeviceInfo(id, name, size, first, null), "an OpenCL device", $"property 0x{name:X}");
        }

        return Encoding.UTF8.GetString(text).TrimEnd('\0');
    }

    private static string PlatformText(nint platform, uint name)
    {
        nuint size;
        OpenClFault.Check(OpenCl.GetPlatformInfo(platform, name, 0, null, &size), "an OpenCL platform", $"property 0x{name:X}");
        var text = new byte[(int)size];
        fixed (byte* first = text)
        {
            OpenClFault.Check(OpenCl.GetPlatformInfo(platform, name, size, first, null), "an OpenCL platform", $"property 0x{name:X}");
        }

        return Encoding.UTF8.GetString(text).TrimEnd('\0');
    }

    private sealed class OpenClKernel(string device, nint kernel, string name) : ApiKernel
    {
        private nint handle = kernel;

        public override void Set(int index, ArgumentKind kind, int bytes, void* value)
        {
            // A null pointer is no value: the driver would take its bits for a handle.
            var given = kind == ArgumentKind.Memory && *(nint*)value == 0 ? null : value;
            var code = OpenCl.SetArgument(handle, (uint)index, (nuint)bytes, given);
            OpenClFault.Check(code, device, $"kernel {name}, argument {index}");
        }

        public override void Launch(nint queue, (long X, long Y) groups, (int X, int Y) group)
        {
            var global = stackalloc nuint[] { (nuint)(groups.X * group.X), (nuint)(groups.Y * group.Y) };
            var local = stackalloc nuint[] { (nuint)group.X, (nuint)group.Y };
            var code = OpenCl.Run(queue, handle, 2, null, global, local, 0, null, null);
            OpenClFault.Check(code, device, $"kernel {name}, {groups.X} × {groups.Y} groups of {group.X} × {group.Y} work-items");
        }

        public override void Dispose()
        {
            _ = OpenCl.ReleaseKernel(handle);
            handle = 0;
        }
    }

    private sealed class MappedMemory(nint queue, nint memory, void* pointer) : PinnedMemory(pointer)
    {
        /// <summary>While the queue is still there, though nobody may put anything into it.</summary>
        public override void Dispose()
        {
            _ = OpenCl.Unmap(queue, memory, Pointer, 0, null, null);
            _ = OpenCl.Finish(queue);
            _ = OpenCl.ReleaseMemory(memory);
        }
    }
}
