using System.Text;

namespace SparseService.Engine.Data.Readers;

/// <summary>Blank-separated numbers, one row a line, and a file with one label a line (the form of the NIPS 2003 challenge).</summary>
internal static class MatrixReader
{
    public static string Run(ImportJob job)
    {
        var features = CountColumns(job);
        using var writer = job.CreateWriter(new SampleLayout(features, SampleElement.Float, job.Options.Regression));
        var labels = new LabelColumn(job, writer);
        ReadPart(job, writer, labels, features, DatasetFileRole.TrainSamples, DatasetFileRole.TrainLabels);
        if (job.Has(DatasetFileRole.TestSamples))
        {
            labels.BeginTestPart();
            ReadPart(job, writer, labels, features, DatasetFileRole.TestSamples, DatasetFileRole.TestLabels);
        }

        return labels.Complete();
    }

    private static int CountColumns(ImportJob job)
    {
        const DatasetFileRole Role = DatasetFileRole.TrainSamples;
        using var lines = new TextLines(job.OpenWithOwnBudget(Role), ImportJob.Name(Role), quotes: false);
        if (!lines.TryRead(out var line))
        {
            throw new DatasetFormatException($"{lines.Role} rows", "0", "at least 1");
        }

        var columns = 0;
        while (BlankSeparated.TryTake(ref line, out _))
        {
            columns++;
        }

        return columns;
    }

    private static void ReadPart(
        ImportJob job, SampleStoreWriter writer, LabelColumn labels, int features, DatasetFileRole samplesRole, DatasetFileRole labelsRole)
    {
        var rowsBefore = writer.Rows;
        using (var lines = new TextLines(job.Open(samplesRole), ImportJob.Name(samplesRole), quotes: false))
        {
            var values = new float[features];
            while (lines.TryRead(out var line))
            {
                ReadRow(line, values, lines);
                writer.Append(values);
            }

            if (writer.Rows == rowsBefore)
            {
                throw new DatasetFormatException($"{lines.Role} rows", "0", "at least 1");
            }
        }

        using (var lines = new TextLines(job.Open(labelsRole), ImportJob.Name(labelsRole), quotes: false))
        {
            while (lines.TryRead(out var line))
            {
                ReadLabel(line, labels, lines);
                if (writer.Labels > writer.Rows)
                {
                    break;
                }
            }

            if (writer.Labels != writer.Rows)
            {
                var found = writer.Labels > writer.Rows ? $"more than {writer.Rows - rowsBefore}" : $"{writer.Labels - rowsBefore}";
                throw new DatasetFormatException($"{lines.Role} rows", found, $"{writer.Rows - rowsBefore}, one label per sample");
            }
        }
    }

    private static void ReadRow(ReadOnlySpan<byte> line, Span<float> values, TextLines lines)
    {
        var column = 0;
        while (BlankSeparated.TryTake(ref line, out var word))
        {
            if (column == values.Length)
            {
                throw lines.Fault("row length", $"more than {values.Length}", $"{values.Length}, as in the first row");
            }

            if (!NumberText.TryParse(word, out values[column]))
            {
                throw lines.Fault($"column {column + 1}", Encoding.UTF8.GetString(word), "a finite number");
            }

            column++;
        }

        if (column < values.Length)
        {
            throw lines.Fault("row length", $"{column}", $"{values.Length}, as in the first row");
        }
    }

    private static void ReadLabel(ReadOnlySpan<byte> line, LabelColumn labels, TextLines lines)
    {
        BlankSeparated.TryTake(ref line, out var label);
        if (BlankSeparated.TryTake(ref line, out var more))
        {
            throw lines.Fault("row length", $"more than 1 ({Encoding.UTF8.GetString(more)})", "1 label");
        }

        labels.Add(label, lines.Role, lines.Row);
    }
}
