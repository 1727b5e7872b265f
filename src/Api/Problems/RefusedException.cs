namespace SparseService.Api.Problems;

/// <summary>
/// Carries a refusal out of places that cannot return one: parameter binding, and the inside of a transaction that must roll back.
/// </summary>
public sealed class RefusedException(ProblemResult result) : Exception(result.Problem.Detail)
{
    public ProblemResult Result { get; } = result;
}
