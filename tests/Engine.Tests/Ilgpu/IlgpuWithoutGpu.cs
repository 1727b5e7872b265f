using System.Runtime.CompilerServices;
using SparseService.Engine.Ilgpu;

namespace SparseService.Engine.Tests.Ilgpu;

/// <summary>Makes <c>ilgpu</c>, on the processor, one of the backends that every backend test of this assembly runs on.</summary>
internal static class IlgpuWithoutGpu
{
    [ModuleInitializer]
    internal static void Register()
    {
        Environment.SetEnvironmentVariable("SPARSE_ILGPU_DEVICE", "cpu");
        IlgpuBackend.Register();
    }
}
