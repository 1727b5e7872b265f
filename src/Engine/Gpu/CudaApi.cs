using System.Collections.Concurrent;
using System.Text;

namespace SparseService.Engine.Gpu;

/// <summary>An NVIDIA GPU through CUDA's driver API. Its kernels are PTX that is embedded in this assembly, lowered from the same sources
/// that OpenCL compiles.</summary>
internal sealed unsafe class CudaApi : DeviceApi
{
    public const string ApiName = "cuda";

    private const int LogBytes = 8192;

    private static int initialized = Cuda.Success;

    private readonly Lazy<nint> context;
    private readonly ConcurrentDictionary<nint, PtxProgram> modules = [];

    private CudaApi(int device)
    {
        var capability = $"{Attribute(device, Cuda.ComputeCapabilityMajor)}.{Attribute(device, Cuda.ComputeCapabilityMinor)}";
        CheckAny(Cuda.GetDeviceMemory(out var memory, device), "memory");
        CheckAny(Cuda.GetDriverVersion(out var version), "version");
        Facts = new DeviceFacts
        {
            Name = NameOf(device),
            Platform = $"CUDA, compute capability {capability}",
            Driver = $"for CUDA {version / 1000}.{version % 1000 / 10}",
            IsGpu = true,
            MemoryBytes = (long)memory,
            LargestBufferBytes = (long)memory,
            LocalBytes = Math.Max(Attribute(device, Cuda.MaxSharedMemoryPerBlock), Attribute(device, Cuda.MaxSharedMemoryPerBlockOptIn)),
            ComputeUnits = Attribute(device, Cuda.MultiprocessorCount),
            SharesHostMemory = Attribute(device, Cuda.Integrated) != 0,
            HasDouble = true,
        };
        context = new Lazy<nint>(() => Retain(device));
    }

    /// <summary>What to install where no device was found.</summary>
    public static string WhatIsMissing => Cuda.IsInstalled
        ? $"CUDA knows no device: {Cuda.LibraryName} is there, but says {CudaFault.NameOf(initialized)} ({initialized}). Look whether the"
            + " GPU's driver is loaded (nvidia-smi), or use the backend opencl or simd"
        : $"CUDA is not on this machine: {Cuda.LibraryName} is missing. It comes with NVIDIA's driver; the toolkit is not needed. Install"
            + " a driver of 2022 or later, or use the backend opencl or simd";

    public override string Name => ApiName;

    public override DeviceFacts Facts { get; }

    private string Device => Facts.ToString();

    /// <summary>All devices; empty where CUDA is not installed.</summary>
    public static List<DeviceApi> Find()
    {
        if (!Cuda.IsInstalled)
        {
            return [];
        }

        var count = 0;
        initialized = Cuda.Init(0);
        initialized = initialized == Cuda.Success ? Cuda.GetDeviceCount(out count) : initialized;
        var found = new List<DeviceApi>();
        for (var ordinal = 0; ordinal < count; ordinal++)
        {
            CheckAny(Cuda.GetDevice(out var device, ordinal), "device");
            found.Add(new CudaApi(device));
        }

        return found;
    }

    public override nint BuildProgram(string name, string source, string options)
    {
        var doing = $"{Device}, program {name}";
        var ptx = PtxProgram.Find(name, options);
        if (ptx is null || source != KernelSource.Of(name))
        {
            throw new KernelBuildException(
                $"{doing}: there is no PTX of it with the options '{options}'. `./sparse ptx` makes it in a checkout, for what"
                + " PtxVariants names; or use the backend opencl or simd");
        }

        Enter();
        var log = stackalloc byte[LogBytes];
        var settings = stackalloc int[] { Cuda.JitErrorLogBuffer, Cuda.JitErrorLogBufferBytes };
        var values = stackalloc void*[] { log, (void*)LogBytes };
        log[0] = 0;
        fixed (byte* text = Encoding.ASCII.GetBytes(ptx.Text + '\0'))
        {
            var code = Cuda.LoadModule(out var module, text, 2, settings, values);
            if (code != Cuda.Success)
            {
                throw CudaFault.Of(code, Device, $"program {name}") is KernelBuildException
                    ? CudaFault.Build($"{doing}: {CudaFault.NameOf(code)} ({code})", Text(log, LogBytes))
                    : CudaFault.Of(code, Device, $"program {name}");
            }

            modules[module] = ptx;
            return module;
        }
    }

    public override ApiKernel CreateKernel(nint program, string name)
    {
        Enter();
        Check(Cuda.GetFunction(out var function, program, name), $"kernel {name}");
        return new CudaKernel(this, function, modules[program].Entries[name]);
    }

    public override nint Allocate(long bytes, string doing)
    {
        Enter();
        var code = Cuda.Allocate(out var memory, (nuint)bytes);
        if (code != Cuda.Success)
        {
            _ = Cuda.GetMemoryInfo(out var free, out _);
            throw CudaFault.Of(code, Device, $"{doing}, of which {free:N0} are free");
        }

        return memory;
    }

    public override void Free(nint memory)
    {
        // CUDA's memory does not outlive its handle until queued work is done, as OpenCL's does.
        if (IsEntered())
        {
            _ = Cuda.Synchronize();
            _ = Cuda.Free(memory);
        }
    }

    public override nint CreateQueue()
    {
        Enter();
        Check(Cuda.CreateStream(out var stream, Cuda.StreamNonBlocking), "stream");
        return stream;
    }

    public override void ReleaseQueue(nint queue)
    {
        if (IsEntered())
        {
            _ = Cuda.DestroyStream(queue);
        }
    }

    public override void Finish(nint queue)
    {
        Enter();
        Check(Cuda.SynchronizeStream(queue), "waiting for the queue");
    }

    public override PinnedMemory Pin(nint queue, long bytes)
    {
        Enter();
        Check(Cuda.AllocateHost(out var host, (nuint)bytes, 0), "page-locked memory");
        return new HostMemory(this, queue, host);
    }

    public override nint Write(nint queue, nint memory, long offset, long bytes, void* host, bool isBlocking)
    {
        Enter();
        Check(Cuda.CopyToDevice(memory + (nint)offset, host, (nuint)bytes, queue), $"a transfer of {bytes:N0} bytes to the device");
        return End(queue, isBlocking);
    }

    public override nint Read(nint queue, nint memory, long offset, long bytes, void* host, bool isBlocking)
    {
        Enter();
        Check(Cuda.CopyToHost(host, memory + (nint)offset, (nuint)bytes, queue), $"a transfer of {bytes:N0} bytes from the device");
        return End(queue, isBlocking);
    }

    public override void Clear(nint queue, nint memory, long bytes)
    {
        Enter();
        Check(Cuda.Fill(memory, 0, (nuint)bytes, queue), $"clearing {bytes:N0} bytes");
    }

    public override nint Mark(nint queue)
    {
        Enter();
        Check(Cuda.CreateEvent(out var mark, Cuda.EventDisableTiming), "event");
        var code = Cuda.RecordEvent(mark, queue);
        if (code != Cuda.Success)
        {
            _ = Cuda.DestroyEvent(mark);
        }

        Check(code, "a mark in the queue");
        return mark;
    }

    public override void After(nint queue, nint mark)
    {
        Enter();
        var code = Cuda.StreamWaitFor(queue, mark, 0);
        _ = Cuda.DestroyEvent(mark);
        Check(code, "waiting for another queue");
    }

    public override void Wait(nint done)
    {
        Enter();
        var code = Cuda.WaitForEvent(done);
        _ = Cuda.DestroyEvent(done);
        Check(code, "waiting for a transfer");
    }

    public override void ReleaseEvent(nint done)
    {
        if (IsEntered())
        {
            _ = Cuda.DestroyEvent(done);
        }
    }

    /// <summary>Makes the device's context this thread's one, which every call needs; any thread may call.</summary>
    internal void Enter() => Check(Cuda.SetCurrentContext(context.Value), "context");

    internal void Check(int code, string doing) => CudaFault.Check(code, Device, doing);

    private static void CheckAny(int code, string doing) => CudaFault.Check(code, "a CUDA device", doing);

    private static int Attribute(int device, int attribute)
    {
        CheckAny(Cuda.GetAttribute(out var value, attribute, device), $"property {attribute}");
        return value;
    }

    private static string NameOf(int device)
    {
        const int bytes = 256;
        var name = stackalloc byte[bytes];
        CheckAny(Cuda.GetDeviceName(name, bytes, device), "name");
        return Text(name, bytes).Trim();
    }

    private static string Text(byte* text, int most)
    {
        var bytes = new ReadOnlySpan<byte>(text, most);
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private nint Retain(int device)
    {
        Check(Cuda.RetainPrimaryContext(out var retained, device), "context");
        return retained;
    }

    private bool IsEntered() => context.IsValueCreated && Cuda.SetCurrentContext(context.Value) == Cuda.Success;

    private nint End(nint queue, bool isBlocking)
    {
        if (isBlocking)
        {
            Check(Cuda.SynchronizeStream(queue), "waiting for a transfer");
            return 0;
        }

        return Mark(queue);
    }

    private sealed class HostMemory(CudaApi api, nint queue, nint host) : PinnedMemory((void*)host)
    {
        public override void Dispose()
        {
            if (api.IsEntered())
            {
                _ = Cuda.SynchronizeStream(queue);
                _ = Cuda.FreeHost((nint)Pointer);
            }
        }
    }
}
