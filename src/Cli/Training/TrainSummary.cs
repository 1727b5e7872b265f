namespace SparseService.Cli.Training;

/// <summary>The last line of <c>sparse train --json</c>.</summary>
/// <param name="Nnz">Stored connections of the model.</param>
/// <param name="DenseParameters">Connections of the dense twin.</param>
/// <param name="ModelBytes">Size of the model as a file.</param>
/// <param name="PeakMemoryBytes">Of the whole process.</param>
/// <param name="Seconds">From the first epoch to the end.</param>
internal sealed record TrainSummary(
    double? TestAccuracy, double? BestTestAccuracy, long Nnz, long DenseParameters, long ModelBytes, long PeakMemoryBytes, double Seconds);
