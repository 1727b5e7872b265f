namespace SparseService.Engine.Training;

/// <summary>One thing wrong with a spec.</summary>
/// <param name="Path">JSON path of the value, e.g. <c>$.training.network.layers[2]</c>.</param>
/// <param name="Value">The value as given, shortened to 100 characters.</param>
/// <param name="Allowed">What would be accepted, in words.</param>
public sealed record SpecFault(string Path, string Value, string Allowed)
{
    public override string ToString() => $"{Path} is {Value}; allowed: {Allowed}";
}

/// <summary>A spec that cannot work, with every fault that was found.</summary>
public sealed class InvalidSpecException(IReadOnlyList<SpecFault> faults)
    : Exception(string.Join(Environment.NewLine, faults))
{
    public IReadOnlyList<SpecFault> Faults { get; } = faults;
}
