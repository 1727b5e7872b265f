namespace SparseService.Engine.Gpu;

/// <summary>Several devices that work side by side.</summary>
public sealed unsafe partial class GpuDevice
{
    /// <summary>The device of <see cref="Choose()"/> and others of its kind and driver, in the order of <see cref="All"/>.</summary>
    /// <param name="count">How many, at least 1.</param>
    /// <exception cref="NoDeviceException">There are fewer; the message says how many.</exception>
    public static IReadOnlyList<GpuDevice> Choose(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var first = Choose();
        var alike = All.Where(device => device != first && device.IsGpu == first.IsGpu && device.Platform == first.Platform).Prepend(first).ToList();
        return count <= alike.Count
            ? alike[..count]
            : throw new NoDeviceException($"{count} devices are wanted, and there are {alike.Count} like {first.Name}; allowed: 1 to {alike.Count}");
    }

    /// <summary>Parts of a device that compute side by side, each with so many of its units; a driver for processors can do that, one for a GPU seldom.</summary>
    /// <exception cref="DeviceException">The driver cannot, or there are not so many units.</exception>
    internal IReadOnlyList<GpuDevice> Split(params ReadOnlySpan<int> units)
    {
        var counts = stackalloc nint[units.Length + 3];
        counts[0] = OpenCl.PartitionByCounts;
        for (var part = 0; part < units.Length; part++)
        {
            counts[part + 1] = units[part];
        }

        (counts[units.Length + 1], counts[units.Length + 2]) = (0, 0);
        var parts = new nint[units.Length];
        fixed (nint* first = parts)
        {
            var code = OpenCl.CreateSubDevices(id, counts, (uint)parts.Length, first, null);
            OpenClFault.Check(code, ToString(), $"{units.Length} parts of {ComputeUnits} units");
        }

        var platform = (nint)Number(OpenCl.DevicePlatform, sizeof(nint));
        return [.. parts.Select(part => new GpuDevice(platform, part))];
    }
}
