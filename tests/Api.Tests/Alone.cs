namespace SparseService.Api.Tests;

/// <summary>Tests that run while no others do: they measure the memory of the whole process.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
