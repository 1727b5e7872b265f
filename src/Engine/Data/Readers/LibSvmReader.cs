using System.Buffers.Text;
using System.Text;

namespace SparseService.Engine.Data.Readers;

/// <summary>
/// LibSVM text: <c>label index:value …</c>, indices from 1, ascending; <c>#</c> begins a comment. What a row does not name is 0. The
/// width of the rows is known only at the end of the training file, so that file is read twice, in constant memory.
/// </summary>
internal static class LibSvmReader
{
    public static string Run(ImportJob job)
    {
        var features = CountFeatures(job);
        using var writer = job.CreateWriter(new SampleLayout(features, SampleElement.Float, job.Options.Regression));
        var labels = new LabelColumn(job, writer);
        ReadPart(job, writer, labels, features, DatasetFileRole.Train);
        if (job.Has(DatasetFileRole.Test))
        {
            labels.BeginTestPart();
            ReadPart(job, writer, labels, features, DatasetFileRole.Test);
        }

        return labels.Complete();
    }

    private static int CountFeatures(ImportJob job)
    {
        using var lines = new TextLines(job.OpenWithOwnBudget(DatasetFileRole.Train), ImportJob.Name(DatasetFileRole.Train), quotes: false);
        var largest = 0;
        long rows = 0;
        while (lines.TryRead(out var line))
        {
            line = WithoutComment(line);
            if (!BlankSeparated.TryTake(ref line, out _))
            {
                continue;
            }

            var previous = 0;
            while (BlankSeparated.TryTake(ref line, out var pair))
            {
                ReadPair(pair, ref previous, job.Limits.Features, lines, out _);
            }

            largest = Math.Max(largest, previous);
            rows++;
            RequireStoreSize(job, largest, rows);
        }

        return largest > 0 ? largest : throw new DatasetFormatException(
            "train", $"{rows} rows without features", "rows as label index:value …");
    }

    // Sparse text can stand for far more dense bytes than its own: refused before the second pass.
    private static void RequireStoreSize(ImportJob job, int features, long rows)
    {
        if (rows * features * sizeof(float) > job.Limits.StoreBytes)
        {
            throw new DatasetFormatException(
                "train", $"{rows} rows of {features} features", $"at most {job.Limits.StoreBytes} bytes as a sample store");
        }
    }

    private static void ReadPart(ImportJob job, SampleStoreWriter writer, LabelColumn labels, int features, DatasetFileRole role)
    {
        using var lines = new TextLines(job.Open(role), ImportJob.Name(role), quotes: false);
        var rowsBefore = writer.Rows;
        var values = new float[features];
        while (lines.TryRead(out var line))
        {
            line = WithoutComment(line);
            if (!BlankSeparated.TryTake(ref line, out var label))
            {
                continue;
            }

            Array.Clear(values);
            var previous = 0;
            while (BlankSeparated.TryTake(ref line, out var pair))
            {
                ReadPair(pair, ref previous, features, lines, out var value);
                values[previous - 1] = value;
            }

            labels.Add(label, lines.Role, lines.Row);
            writer.Append(values);
        }

        if (writer.Rows == rowsBefore)
        {
            throw new DatasetFormatException($"{lines.Role} rows", "0", "at least 1");
        }
    }

    private static void ReadPair(ReadOnlySpan<byte> pair, ref int previous, int indexMax, TextLines lines, out float value)
    {
        var colon = pair.IndexOf((byte)':');
        if (colon <= 0 || !Utf8Parser.TryParse(pair[..colon], out int index, out var used) || used != colon)
        {
            throw lines.Fault("entry", Encoding.UTF8.GetString(pair), "index:value");
        }

        if (index == 0)
        {
            throw lines.Fault("index", "0", "indices from 1 (this file counts from 0)");
        }

        if (index < 0 || index > indexMax)
        {
            throw lines.Fault("index", $"{index}", $"1 to {indexMax}");
        }

        if (index <= previous)
        {
            throw lines.Fault("index", $"{index} after {previous}", "ascending indices, each once");
        }

        if (!NumberText.TryParse(pair[(colon + 1)..], out value))
        {
            throw lines.Fault($"index {index}", Encoding.UTF8.GetString(pair[(colon + 1)..]), "a finite number");
        }

        previous = index;
    }

    private static ReadOnlySpan<byte> WithoutComment(ReadOnlySpan<byte> line)
    {
        var comment = line.IndexOf((byte)'#');
        return comment < 0 ? line : line[..comment];
    }
}
