using SparseService.Engine.Ilgpu;

namespace SparseService.DeviceCheck;

internal static partial class OptionalParts
{
    static partial void AddIlgpu() => IlgpuBackend.Register();
}
