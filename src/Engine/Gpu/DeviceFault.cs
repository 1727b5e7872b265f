namespace SparseService.Engine.Gpu;

/// <summary>The exceptions that drivers' codes become, with what can be done about them.</summary>
internal static class DeviceFault
{
    /// <param name="what">Device, what it was to do, and what its driver said.</param>
    public static DeviceMemoryException OutOfMemory(string what) =>
        new($"{what}. The device's memory is full: take a smaller batchSize or network, end what else runs there, or use the backend simd");

    /// <inheritdoc cref="OutOfMemory"/>
    public static DeviceLostException Lost(string what) =>
        new($"{what}. The device is lost: restart this process, look at the driver's messages, and go on from the newest checkpoint");

    /// <inheritdoc cref="OutOfMemory"/>
    public static DeviceException Other(string what) => new($"{what}. This is a fault of the program or of the device's driver");
}
