namespace SparseService.Engine.Gpu;

/// <summary>A device could not do what it was asked to. The message names the device, the operation and what can be done about it.</summary>
public class DeviceException(string message) : Exception(message);

/// <summary>There is no device to compute on, or none of the name that was asked for.</summary>
public sealed class NoDeviceException(string message) : DeviceException(message);

/// <summary>The device has not enough memory.</summary>
public sealed class DeviceMemoryException(string message) : DeviceException(message);

/// <summary>A kernel does not compile for the device; the message ends with what its compiler said.</summary>
public sealed class KernelBuildException(string message) : DeviceException(message);

/// <summary>The device stopped answering, or its driver gave up a kernel: what was on it is gone.</summary>
public sealed class DeviceLostException(string message) : DeviceException(message);
