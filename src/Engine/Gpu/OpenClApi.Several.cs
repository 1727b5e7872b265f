namespace SparseService.Engine.Gpu;

/// <summary>Several devices of one.</summary>
internal sealed unsafe partial class OpenClApi
{
    /// <summary>Parts of a device that compute side by side, each with so many of its units; a driver for processors can do that, one for a
    /// GPU seldom.</summary>
    /// <exception cref="DeviceException">The driver cannot, or there are not so many units.</exception>
    public IReadOnlyList<GpuDevice> Split(params ReadOnlySpan<int> units)
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
            OpenClFault.Check(code, Device, $"{units.Length} parts of {Facts.ComputeUnits} units");
        }

        var platform = (nint)Number(OpenCl.DevicePlatform, sizeof(nint));
        return [.. parts.Select(part => new GpuDevice(new OpenClApi(platform, part)))];
    }
}
