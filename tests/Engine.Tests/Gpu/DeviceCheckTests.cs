using SparseService.DeviceCheck;

namespace SparseService.Engine.Tests.Gpu;

/// <summary>The checks for machines with a GPU run here too, so that they are right when they get there.</summary>
public class DeviceCheckTests
{
    [Fact]
    public void DevicesAndKernels_OnThisDevice_Pass()
    {
        DeviceSkip.Device();
        using var output = new StringWriter();
        Assert.Equal(0, Checks.Devices(output, "opencl"));
        Assert.True(Checks.Kernels(output, "opencl") == 0, output.ToString());
        Assert.True(EvolutionCheck.Run(output, "opencl", widest: 1000) == 0, output.ToString());
        Assert.Contains("chosen: ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("34 cases, 0 failed", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Size", "Long")]
    public void TrainingAndInference_OnThisDevice_Pass()
    {
        DeviceSkip.Device();
        using var output = new StringWriter();
        Assert.True(TrainingCheck.Run(output, "opencl", folder: null) == 0, output.ToString());
        Assert.True(InferenceCheck.Run(output, "opencl", "1024", "20") == 0, output.ToString());
        TestContext.Current.SendDiagnosticMessage(output.ToString());
    }
}
