namespace SparseService.Engine.Data.Readers;

/// <summary>Comma, tab or semicolon separated text: numbers as features, one column as label.</summary>
internal static class CsvReader
{
    public static string Run(ImportJob job)
    {
        using var train = new Part(job, DatasetFileRole.Train);
        var header = train.Header;
        var layout = new SampleLayout(header.Columns - 1, SampleElement.Float, job.Options.Regression)
        {
            FeatureNames = header.FeatureNames,
        };
        using var writer = job.CreateWriter(layout);
        var labels = new LabelColumn(job, writer);
        train.CopyTo(writer, labels);
        if (job.Has(DatasetFileRole.Test))
        {
            using var test = new Part(job, DatasetFileRole.Test);
            test.Header.RequireSame(header, test.Role);
            labels.BeginTestPart();
            test.CopyTo(writer, labels);
        }

        return labels.Complete();
    }

    private sealed class Part : IDisposable
    {
        private readonly TextLines lines;
        private readonly CsvRecord record;

        public Part(ImportJob job, DatasetFileRole role)
        {
            lines = new TextLines(job.Open(role), ImportJob.Name(role), quotes: true);
            try
            {
                // The first line is looked at in a pass of its own and then read again: it may be data.
                using var first = new TextLines(job.OpenWithOwnBudget(role), Role, quotes: true);
                Header = first.TryRead(out var line)
                    ? CsvHeader.Read(line, first, job.Options.LabelColumn, job.Limits)
                    : throw new DatasetFormatException($"{Role} rows", "0", "at least 1");
                record = new CsvRecord(Header.Delimiter, Header.Columns + 1);
            }
            catch
            {
                lines.Dispose();
                throw;
            }
        }

        public string Role => lines.Role;

        public CsvHeader Header { get; }

        public void CopyTo(SampleStoreWriter writer, LabelColumn labels)
        {
            if (Header.HasNames)
            {
                lines.TryRead(out _);
            }

            var rowsBefore = writer.Rows;
            var values = new float[Header.Columns - 1];
            while (lines.TryRead(out var line))
            {
                record.Split(line, lines);
                ReadRow(line, values);
                labels.Add(record.Field(line, Header.Label), Role, lines.Row);
                writer.Append(values);
            }

            if (writer.Rows == rowsBefore)
            {
                throw new DatasetFormatException($"{Role} rows", "0", "at least 1");
            }
        }

        public void Dispose() => lines.Dispose();

        private void ReadRow(ReadOnlySpan<byte> line, Span<float> values)
        {
            if (record.Count != Header.Columns)
            {
                var count = record.Count > Header.Columns ? $"more than {Header.Columns}" : $"{record.Count}";
                throw new DatasetFormatException(
                    $"{Role} row length", $"{count} fields", $"{Header.Columns}, as in the first line", lines.Row);
            }

            for (int column = 0, feature = 0; column < Header.Columns; column++)
            {
                if (column != Header.Label && !NumberText.TryParse(record.Field(line, column), out values[feature++]))
                {
                    throw NotNumber(line, column);
                }
            }
        }

        private DatasetFormatException NotNumber(ReadOnlySpan<byte> line, int column)
        {
            var text = record.Text(line, column);
            return text.Length == 0
                ? new DatasetFormatException(
                    $"{Role} {Header.NameOf(column)}", "empty", "a finite number (fill missing values first)", lines.Row)
                : new DatasetFormatException($"{Role} {Header.NameOf(column)}", text,
                    "a finite number (a categorical feature must be encoded first, e.g. one column per category)", lines.Row);
        }
    }
}
