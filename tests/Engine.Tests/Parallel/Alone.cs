namespace SparseService.Engine.Tests.Parallel;

/// <summary>Tests that run while no others do: they kill ranks of this process, or say within how many seconds something happens.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
