namespace SparseService.Engine.Gpu;

/// <summary>Several devices that work side by side.</summary>
public sealed partial class GpuDevice
{
    /// <summary>The device of <see cref="Choose(string)"/> and others of its kind and driver, in the order of <see cref="All"/>.</summary>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="api">As there.</param>
    /// <exception cref="NoDeviceException">There are fewer; the message says how many.</exception>
    public static IReadOnlyList<GpuDevice> Choose(int count, string? api = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var first = Choose(api);
        var alike = All.Where(device => device != first && IsLike(device, first)).Prepend(first).ToList();
        return count <= alike.Count
            ? alike[..count]
            : throw new NoDeviceException(
                $"{count} devices are wanted, and there are {alike.Count} like {first.Name}; allowed: 1 to {alike.Count}");
    }

    private static bool IsLike(GpuDevice one, GpuDevice other) =>
        one.ApiName == other.ApiName && one.IsGpu == other.IsGpu && one.Platform == other.Platform;
}
