namespace SparseService.Engine.Training;

/// <summary>Every rule a spec must keep, in one place.</summary>
public static class TrainingOptionsValidator
{
    /// <summary>Checks a whole spec as posted; paths start at <c>$</c>.</summary>
    public static IReadOnlyList<SpecFault> Validate(RunSpec spec) => throw new NotSupportedException();

    /// <summary>Checks that options fit a dataset: input width, output width against classes, loss against label kind, enough rows for a minibatch.</summary>
    public static IReadOnlyList<SpecFault> ValidateAgainst(TrainingOptions options, DatasetShape data) => throw new NotSupportedException();
}

/// <summary>What validation needs to know of a dataset.</summary>
/// <param name="Classes">0 for regression targets.</param>
/// <param name="TestRows">0 when the dataset brings no test part of its own.</param>
public sealed record DatasetShape(int Features, int Classes, long TrainRows, long TestRows);
