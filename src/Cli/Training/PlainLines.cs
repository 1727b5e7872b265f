namespace SparseService.Cli.Training;

/// <summary>Lines for people, readable in a file.</summary>
internal class PlainLines : TrainOutput
{
    private int epochs;
    private bool hasHeader;

    /// <summary>Of whoever reads; a file has room for everything.</summary>
    protected virtual int Columns => int.MaxValue;

    public override Task ShowAsync(int epochs, Func<Task> training)
    {
        this.epochs = epochs;
        return training();
    }

    public override void Say(string line) => Console.WriteLine(line);

    public override void Epoch(EpochNews epoch)
    {
        if (!hasHeader)
        {
            hasHeader = true;
            SayWhatFits("      epoch       loss  test loss  accuracy", "  connections   density", "      train    evolve      test");
        }

        SayWhatFits(
            $"{$"{epoch.Epoch}/{epochs}",11} {epoch.Loss,10:0.0000} {epoch.TestLoss,10:0.0000} {Accuracy(epoch.TestAccuracy),9}",
            $" {epoch.Nnz,12:N0} {epoch.Density,9:0.00 %}",
            $" {epoch.TrainSeconds,8:0.00} s {epoch.EvolutionSeconds,7:0.000} s {epoch.TestSeconds,7:0.00} s");
    }

    public override void Done(TrainSummary summary)
    {
        Say("");
        Say($"Accuracy on the test part  {Accuracy(summary.TestAccuracy)} (best {Accuracy(summary.BestTestAccuracy)})");
        Say($"Stored connections         {summary.Nnz:N0} of {summary.DenseParameters:N0} in the dense twin "
            + $"({(double)summary.Nnz / summary.DenseParameters:0.00 %})");
        Say($"Model                      {Megabytes(summary.ModelBytes)}; the dense twin's weights take "
            + $"{Megabytes(sizeof(float) * summary.DenseParameters)}");
        Say($"Peak memory                {Megabytes(summary.PeakMemoryBytes)}");
        Say($"Time                       {summary.Seconds:0.0} s");
    }

    // The leftmost columns say the most.
    private void SayWhatFits(params ReadOnlySpan<string> parts)
    {
        var line = parts[0];
        foreach (var part in parts[1..])
        {
            if (line.Length + part.Length > Columns)
            {
                break;
            }

            line += part;
        }

        Say(line);
    }

    protected static string Accuracy(double? accuracy) => accuracy is { } share ? $"{share:0.00 %}" : "-";

    private static string Megabytes(long bytes) => $"{bytes / 1e6:0.0} MB";
}
