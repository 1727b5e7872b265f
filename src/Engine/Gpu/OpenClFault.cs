namespace SparseService.Engine.Gpu;

/// <summary>Turns an error code into an exception that says what to do.</summary>
internal static class OpenClFault
{
    public const int BuildFailed = -11;
    public const int NoPlatform = -1001;

    private const int DeviceNotFound = -1;
    private const int DeviceNotAvailable = -2;
    private const int AllocationFailed = -4;
    private const int OutOfResources = -5;
    private const int OutOfHostMemory = -6;
    private const int EventFailed = -14;
    private const int InvalidContext = -34;
    private const int InvalidQueue = -36;
    private const int InvalidBufferSize = -61;
    private const int DriverGaveUp = -9999;

    private static readonly Dictionary<int, string> Names = new()
    {
        [DeviceNotFound] = "CL_DEVICE_NOT_FOUND",
        [DeviceNotAvailable] = "CL_DEVICE_NOT_AVAILABLE",
        [AllocationFailed] = "CL_MEM_OBJECT_ALLOCATION_FAILURE",
        [OutOfResources] = "CL_OUT_OF_RESOURCES",
        [OutOfHostMemory] = "CL_OUT_OF_HOST_MEMORY",
        [BuildFailed] = "CL_BUILD_PROGRAM_FAILURE",
        [EventFailed] = "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
        [-30] = "CL_INVALID_VALUE",
        [InvalidContext] = "CL_INVALID_CONTEXT",
        [InvalidQueue] = "CL_INVALID_COMMAND_QUEUE",
        [-38] = "CL_INVALID_MEM_OBJECT",
        [-46] = "CL_INVALID_KERNEL_NAME",
        [-48] = "CL_INVALID_KERNEL",
        [-49] = "CL_INVALID_ARG_INDEX",
        [-50] = "CL_INVALID_ARG_VALUE",
        [-51] = "CL_INVALID_ARG_SIZE",
        [-52] = "CL_INVALID_KERNEL_ARGS",
        [-54] = "CL_INVALID_WORK_GROUP_SIZE",
        [-55] = "CL_INVALID_WORK_ITEM_SIZE",
        [InvalidBufferSize] = "CL_INVALID_BUFFER_SIZE",
        [NoPlatform] = "CL_PLATFORM_NOT_FOUND_KHR",
        [DriverGaveUp] = "the driver's code for a kernel that left its memory",
    };

    /// <param name="device">Name of the device.</param>
    /// <param name="doing">What was asked for, e.g. <c>kernel sparse_forward</c>.</param>
    /// <param name="allocates">Whether lack of resources means lack of memory here.</param>
    public static DeviceException Of(int code, string device, string doing, bool allocates = false)
    {
        var what = $"{device}, {doing}: {Names.GetValueOrDefault(code, "OpenCL error")} ({code})";
        return code switch
        {
            AllocationFailed or OutOfHostMemory or InvalidBufferSize => OutOfMemory(what),
            OutOfResources when allocates => OutOfMemory(what),
            DeviceNotAvailable or OutOfResources or EventFailed or InvalidContext or InvalidQueue or DriverGaveUp => Lost(what),
            _ => new DeviceException($"{what}. This is a fault of the program or of the device's driver"),
        };
    }

    public static void Check(int code, string device, string doing, bool allocates = false)
    {
        if (code != 0)
        {
            throw Of(code, device, doing, allocates);
        }
    }

    /// <param name="what">Device, operation and the driver's words.</param>
    public static DeviceLostException Lost(string what) =>
        new($"{what}. The device is lost: restart this process, look at the driver's messages, and go on from the newest checkpoint");

    /// <inheritdoc cref="Lost"/>
    public static DeviceMemoryException OutOfMemory(string what) =>
        new($"{what}. The device's memory is full: take a smaller batchSize or network, end what else runs there, or use the backend simd");
}
