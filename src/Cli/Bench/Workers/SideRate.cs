namespace SparseService.Cli.Bench.Workers;

/// <summary>One epoch of one side.</summary>
/// <param name="Training">Samples per second of the training itself.</param>
/// <param name="Whole">Of the whole epoch, with test, statistics and evolution.</param>
/// <param name="WaitingShare">Of the workers' training time.</param>
internal readonly record struct SideRate(double Training, double Whole, double WaitingShare);
