using SparseService.Engine.Ilgpu;

namespace SparseService.Cli;

internal static partial class OptionalParts
{
    static partial void AddIlgpu() => IlgpuBackend.Register();
}
