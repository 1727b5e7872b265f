using System.Globalization;
using System.Text;

namespace SparseService.Engine.Gpu;

/// <summary>One OpenCL device with its context and the programs built for it, which live as long as the process.</summary>
public sealed unsafe partial class GpuDevice
{
    private const string ChoiceVariable = "SPARSE_OPENCL_DEVICE";

    private static readonly Lazy<List<GpuDevice>> Found = new(Find);

    private readonly nint id;
    private readonly Lazy<nint> context;
    private readonly Dictionary<(string Source, string Options), nint> programs = [];
    private readonly Lock building = new();

    private GpuDevice(nint platform, nint id)
    {
        this.id = id;
        Name = Text(OpenCl.DeviceName).Trim();
        Platform = PlatformText(platform, OpenCl.PlatformName).Trim();
        Driver = Text(OpenCl.DeviceDriverVersion);
        IsGpu = (Number(OpenCl.DeviceType) & OpenCl.TypeGpu) != 0;
        MemoryBytes = (long)Number(OpenCl.DeviceGlobalMemSize);
        LargestBufferBytes = (long)Number(OpenCl.DeviceMaxMemAllocSize);
        LocalBytes = (long)Number(OpenCl.DeviceLocalMemSize);
        ComputeUnits = (int)Number(OpenCl.DeviceMaxComputeUnits, sizeof(uint));
        SharesHostMemory = Number(OpenCl.DeviceHostUnifiedMemory, sizeof(uint)) != 0;
        HasDouble = Text(OpenCl.DeviceExtensions).Contains("cl_khr_fp64", StringComparison.Ordinal);
        RoundsDivision = (Number(OpenCl.DeviceSingleFpConfig) & OpenCl.CorrectlyRoundedDivideSqrt) != 0;
        context = new Lazy<nint>(CreateContext);
    }

    /// <summary>All devices of all platforms; empty where OpenCL is not installed. Asked once in a process.</summary>
    public static IReadOnlyList<GpuDevice> All => Found.Value;

    /// <summary>As its maker calls it.</summary>
    public string Name { get; }

    /// <summary>Who made the driver.</summary>
    public string Platform { get; }

    /// <summary>Version of the driver.</summary>
    public string Driver { get; }

    /// <summary>False for a processor that runs OpenCL.</summary>
    public bool IsGpu { get; }

    public long MemoryBytes { get; }

    /// <summary>A buffer cannot be larger.</summary>
    public long LargestBufferBytes { get; }

    /// <summary>Memory that a work-group shares.</summary>
    public long LocalBytes { get; }

    public int ComputeUnits { get; }

    /// <summary>Whether transfers are copies within the same memory.</summary>
    public bool SharesHostMemory { get; }

    /// <summary>Whether it has float64: only reported sums use it.</summary>
    public bool HasDouble { get; }

    internal bool RoundsDivision { get; }

    internal nint Id => id;

    internal nint Context => context.Value;

    /// <summary>The device to compute on: the one that the environment variable SPARSE_OPENCL_DEVICE names (by number in
    /// <see cref="All"/> or by a part of its name), else the first GPU, else the first of all.</summary>
    /// <exception cref="NoDeviceException">There is none; the message says what is missing.</exception>
    public static GpuDevice Choose()
    {
        var wanted = Environment.GetEnvironmentVariable(ChoiceVariable);
        if (All.Count == 0)
        {
            throw new NoDeviceException(OpenCl.IsInstalled
                ? $"OpenCL knows no device: {OpenCl.LibraryName} is there, but no driver is. Install the driver of your device"
                    + " (its file is named in /etc/OpenCL/vendors), for a processor pocl-opencl-icd, or use the backend simd"
                : $"OpenCL is not on this machine: {OpenCl.LibraryName} is missing. Install ocl-icd-libopencl1 and the driver of your device"
                    + " (for a processor pocl-opencl-icd), or use the backend simd");
        }

        if (string.IsNullOrEmpty(wanted))
        {
            return All.FirstOrDefault(device => device.IsGpu) ?? All[0];
        }

        var byNumber = int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < All.Count
            ? All[number]
            : null;
        return byNumber ?? All.FirstOrDefault(device => device.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase))
            ?? throw new NoDeviceException(
                $"{ChoiceVariable} is '{wanted}'; allowed: a number or a part of a name of "
                + string.Join(", ", All.Select((device, index) => $"{index} = {device.Name}")));
    }

    public override string ToString() => $"{Name} ({Platform}, driver {Driver})";

    /// <summary>A program, built when first asked for and kept.</summary>
    /// <param name="name">For messages.</param>
    /// <exception cref="KernelBuildException">With the compiler's log.</exception>
    internal nint Program(string name, string source, string options)
    {
        lock (building)
        {
            if (!programs.TryGetValue((source, options), out var program))
            {
                program = Build(name, source, options);
                programs.Add((source, options), program);
            }

            return program;
        }
    }

    private nint Build(string name, string source, string options)
    {
        var text = Encoding.UTF8.GetBytes(source);
        var all = new StringBuilder("-cl-std=CL1.2").Append(HasDouble ? " -DWIDE_IS_DOUBLE" : "")
            .Append(RoundsDivision ? " -cl-fp32-correctly-rounded-divide-sqrt" : "").Append(' ').Append(options).Append('\0').ToString();
        nint program;
        fixed (byte* first = text)
        {
            var length = (nuint)text.Length;
            var pointer = first;
            program = OpenCl.CreateProgram(Context, 1, &pointer, &length, out var error);
            OpenClFault.Check(error, Name, $"program {name}");
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
                $"{this}, program {name}: does not build (OpenCL error {code}, options {options}). Update the device's driver, or use the"
                + $" backend simd. Its compiler said:\n{log}");
        }

        return program;
    }

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
        OpenClFault.Check(error, Name, "context");
        return created;
    }

    private static List<GpuDevice> Find()
    {
        if (!OpenCl.IsInstalled)
        {
            return [];
        }

        // A loader without any platform answers with an error; a broken driver must not take its neighbours with it.
        var devices = new List<GpuDevice>();
        foreach (var platform in Ids((entries, ids, count) => OpenCl.GetPlatforms(entries, ids, count)))
        {
            foreach (var device in Ids((entries, ids, count) => OpenCl.GetDevices(platform, OpenCl.TypeAll, entries, ids, count)))
            {
                devices.Add(new GpuDevice(platform, device));
            }
        }

        return devices;
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
}
