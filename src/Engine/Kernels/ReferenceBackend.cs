namespace SparseService.Engine.Kernels;

/// <summary>Every operation as its formula reads: scalar, one thread, sums in double. Documentation, fallback and
/// judge.</summary>
public sealed partial class ReferenceBackend : Backend
{
    internal const string BackendName = "reference";

    public override string Name => BackendName;

    public override bool TakesSeveralCallers => true;
}
