namespace SparseService.Jobs.Training;

/// <param name="Step">Epoch for epoch series, optimizer step for step series; from 1.</param>
internal readonly record struct MetricPoint(string Series, long Step, double Value);
