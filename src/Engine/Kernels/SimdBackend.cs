namespace SparseService.Engine.Kernels;

/// <summary>Every operation on the widest registers that the processor has, with threads over rows.</summary>
public sealed partial class SimdBackend(int threads) : Backend
{
    internal const string BackendName = "simd";

    public override string Name => BackendName;
}
