namespace SparseService.Engine.Data.Readers;

/// <summary>Samples and labels as arrays (IDX, NPY, NPZ): headers first, so that nothing is written when shapes disagree.</summary>
internal static class ArrayImport
{
    /// <param name="job">Bounds and options.</param>
    /// <param name="open">Opens an array; null when that part is absent.</param>
    public static string Run(ImportJob job, Func<DatasetFileRole, ArrayFile?> open)
    {
        using var trainSamples = open(DatasetFileRole.TrainSamples)!;
        using var trainLabels = open(DatasetFileRole.TrainLabels)!;
        using var testSamples = open(DatasetFileRole.TestSamples);
        using var testLabels = open(DatasetFileRole.TestLabels);
        var features = RequirePair(job, trainSamples, trainLabels);
        if (testSamples is not null)
        {
            RequireSame(testSamples, trainSamples);
            RequirePair(job, testSamples, testLabels!);
        }

        var header = trainSamples.Header;
        using var writer = job.CreateWriter(new SampleLayout(features, header.Element, job.Options.Regression) { Image = header.Image });
        var labels = new LabelColumn(job, writer);
        trainSamples.CopySamplesTo(writer, features);
        trainLabels.ForEachLabel((label, row) => labels.Add(label, trainLabels.Role, row));
        if (testSamples is not null)
        {
            labels.BeginTestPart();
            testSamples.CopySamplesTo(writer, features);
            testLabels!.ForEachLabel((label, row) => labels.Add(label, testLabels.Role, row));
        }

        return labels.Complete();
    }

    private static int RequirePair(ImportJob job, ArrayFile samples, ArrayFile labels)
    {
        var features = samples.Header.RequireFeatures(samples.Role, job.Limits);
        if (samples.Header.Rows == 0)
        {
            throw new DatasetFormatException($"{samples.Role} rows", "0", "at least 1");
        }

        labels.Header.RequireLabels(labels.Role, samples.Header.Rows);
        return features;
    }

    private static void RequireSame(ArrayFile test, ArrayFile train)
    {
        if (!test.Header.Shape.Skip(1).SequenceEqual(train.Header.Shape.Skip(1)))
        {
            throw new DatasetFormatException(
                $"{test.Role} shape",
                $"({string.Join(", ", test.Header.Shape)})",
                $"rows of ({string.Join(", ", train.Header.Shape.Skip(1))}), as in training");
        }

        if (test.Header.Element != train.Header.Element)
        {
            throw new DatasetFormatException($"{test.Role} type", $"{test.Header.Type}", $"{train.Header.Type}, as in training");
        }
    }
}
