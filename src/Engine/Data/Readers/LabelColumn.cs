namespace SparseService.Engine.Data.Readers;

/// <summary>Writes the label of each row as the task wants it: a class, or a number to predict.</summary>
internal sealed class LabelColumn(ImportJob job, SampleStoreWriter writer)
{
    private readonly ClassLabels classes = new(job.Limits);

    public void BeginTestPart()
    {
        writer.BeginTestPart();
        classes.BeginTestPart();
    }

    public void Add(ReadOnlySpan<byte> text, string role, long row)
    {
        if (!job.Options.Regression)
        {
            writer.AppendLabel(classes.IdOf(text, role, row));
            return;
        }

        if (!NumberText.TryParse(text, out var target))
        {
            throw new DatasetFormatException(
                $"{role} label", System.Text.Encoding.UTF8.GetString(text), "a finite number (regression)", row);
        }

        writer.AppendTarget(target);
    }

    public void Add(double number, string role, long row)
    {
        if (!job.Options.Regression)
        {
            writer.AppendLabel(classes.IdOf(number, role, row));
            return;
        }

        if (!float.IsFinite((float)number))
        {
            throw new DatasetFormatException($"{role} label", $"{number}", "a finite number within float32 (regression)", row);
        }

        writer.AppendTarget((float)number);
    }

    public string Complete()
    {
        if (job.Options.Regression)
        {
            return writer.Complete([], []);
        }

        var (names, classOf) = classes.Finish();
        return writer.Complete(names, classOf);
    }
}
