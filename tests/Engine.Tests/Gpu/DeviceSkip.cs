using SparseService.Engine.Gpu;

namespace SparseService.Engine.Tests.Gpu;

internal static class DeviceSkip
{
    /// <summary>The OpenCL device of this machine; skips the test where there is none.</summary>
    public static GpuDevice Device()
    {
        if (GpuDevice.All.All(device => device.ApiName != "opencl"))
        {
            Assert.Skip("There is no OpenCL device (pocl-opencl-icd makes the processor one; ./sparse test installs it)");
        }

        return GpuDevice.Choose("opencl");
    }
}
