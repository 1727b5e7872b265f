using SparseService.Engine.Gpu;
using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Gpu;

public class OptionalIlgpuTests
{
    private static bool IsBuiltIn => Backend.Names.Contains(OptionalBackend.Ilgpu);

    [Fact]
    public void Ilgpu_WhereItsPackageRestores_RunsWhatTheOtherBackendsRun()
    {
        Assert.SkipUnless(IsBuiltIn, "ILGPU is not in this build: its package did not restore, or -p:Ilgpu=false");
        Assert.Contains(OptionalBackend.Ilgpu, Backend.Available);
        Assert.Contains(OptionalBackend.Ilgpu, SparseInference.Backends);
    }

    [Fact]
    public void Create_NotBuiltIn_SaysWhatIsAllowedAndWhyItIsMissing()
    {
        Assert.SkipWhen(IsBuiltIn, "ILGPU is in this build");
        var options = TrainingData.Options(2, 2) with { Backend = BackendKind.Ilgpu };
        foreach (var create in new Action[] { () => Backend.Create("ilgpu"), () => Backend.For(options, null), () => SparseInference.Create("ilgpu") })
        {
            var fault = Assert.Throws<NoDeviceException>(create);
            Assert.Contains("Backend is 'ilgpu'; allowed: reference, simd, opencl, cuda.", fault.Message, StringComparison.Ordinal);
            Assert.Contains("needs the package ILGPU", fault.Message, StringComparison.Ordinal);
        }
    }
}
