using System.Globalization;

namespace SparseService.Engine.Gpu;

/// <summary>A device as a person names it.</summary>
internal static class DeviceChoice
{
    /// <param name="variable">The environment variable that says it: a number from 0, or a part of a name.</param>
    /// <returns>Null where the variable says nothing.</returns>
    /// <exception cref="NoDeviceException">There is none such; the message lists them.</exception>
    public static T? Of<T>(string variable, IReadOnlyList<T> all, Func<T, string> nameOf)
        where T : class
    {
        var wanted = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(wanted))
        {
            return null;
        }

        var byNumber = int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < all.Count
            ? all[number]
            : null;
        return byNumber ?? all.FirstOrDefault(device => nameOf(device).Contains(wanted, StringComparison.OrdinalIgnoreCase))
            ?? throw new NoDeviceException(
                $"{variable} is '{wanted}'; allowed: a number or a part of a name of "
                + string.Join(", ", all.Select((device, index) => $"{index} = {nameOf(device)}")));
    }
}
