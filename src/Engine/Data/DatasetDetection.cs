namespace SparseService.Engine.Data;

/// <summary>Known names of dataset files in a folder. Every name may also end in .gz.</summary>
internal static class DatasetDetection
{
    private static readonly Layout[] Layouts =
    [
        Quartet(
            DatasetFormat.Idx, "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
        Quartet(
            DatasetFormat.Idx, "train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"),
        Quartet(DatasetFormat.Matrix, "*_train.data", "*_train.labels", "*_valid.data", "*_valid.labels"),
        Quartet(DatasetFormat.Npy, "x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"),
        Pair(DatasetFormat.Csv, "train.csv", "test.csv"),
        Pair(DatasetFormat.Csv, "train.tsv", "test.tsv"),
        Pair(DatasetFormat.LibSvm, "train.svm", "test.svm"),
        Pair(DatasetFormat.LibSvm, "train.libsvm", "test.libsvm"),
        Pair(DatasetFormat.LibSvm, "train.svmlight", "test.svmlight"),
        new(DatasetFormat.Npz, [(DatasetFileRole.Train, "*.npz")], []),
    ];

    private static readonly Dictionary<string, DatasetFormat> SingleFiles = new(StringComparer.OrdinalIgnoreCase)
    {
        [".csv"] = DatasetFormat.Csv,
        [".tsv"] = DatasetFormat.Csv,
        [".svm"] = DatasetFormat.LibSvm,
        [".libsvm"] = DatasetFormat.LibSvm,
        [".svmlight"] = DatasetFormat.LibSvm,
        [".npz"] = DatasetFormat.Npz,
    };

    private sealed record Layout(
        DatasetFormat Format, (DatasetFileRole Role, string Name)[] Needed, (DatasetFileRole Role, string Name)[] Optional);

    public static (DatasetImportOptions Options, IReadOnlyDictionary<DatasetFileRole, string> Files) Detect(string path)
    {
        if (File.Exists(path))
        {
            return DetectFile(path);
        }

        if (!Directory.Exists(path))
        {
            throw new DatasetFormatException("data", path, "a folder or file that exists");
        }

        foreach (var layout in Layouts)
        {
            if (Match(path, layout.Needed) is { } files)
            {
                foreach (var (role, name) in Match(path, layout.Optional) ?? [])
                {
                    files[role] = name;
                }

                return (new DatasetImportOptions { Format = layout.Format }, files);
            }
        }

        var known = Layouts.Select(layout => string.Join(" + ", layout.Needed.Select(file => file.Name)));
        throw new DatasetFormatException("data", path, $"a folder with {string.Join(", or ", known)} (each also with .gz)");
    }

    private static (DatasetImportOptions Options, IReadOnlyDictionary<DatasetFileRole, string> Files) DetectFile(string path)
    {
        var name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return SingleFiles.TryGetValue(Path.GetExtension(name), out var format)
            ? (new DatasetImportOptions { Format = format }, new Dictionary<DatasetFileRole, string> { [DatasetFileRole.Train] = path })
            : throw new DatasetFormatException(
                "data", path, $"a file ending in {string.Join(", ", SingleFiles.Keys)} (each also with .gz), or a folder");
    }

    private static Dictionary<DatasetFileRole, string>? Match(string folder, (DatasetFileRole Role, string Name)[] wanted)
    {
        var files = new Dictionary<DatasetFileRole, string>();
        foreach (var (role, name) in wanted)
        {
            string[] found = [.. Directory.GetFiles(folder, name), .. Directory.GetFiles(folder, name + ".gz")];
            Array.Sort(found, StringComparer.Ordinal);
            if (found.Length == 0)
            {
                return null;
            }

            // Two candidates are a choice that only the user can make, unless they are a file and its own .gz.
            if (found.Length > 1 && !(found.Length == 2 && found[1] == found[0] + ".gz"))
            {
                throw new DatasetFormatException(
                    "data", string.Join(", ", found.Select(Path.GetFileName)), $"one {name} in the folder, or the path of one");
            }

            files[role] = found[0];
        }

        return files;
    }

    private static Layout Quartet(
        DatasetFormat format, string trainSamples, string trainLabels, string testSamples, string testLabels) => new(
        format,
        [(DatasetFileRole.TrainSamples, trainSamples), (DatasetFileRole.TrainLabels, trainLabels)],
        [(DatasetFileRole.TestSamples, testSamples), (DatasetFileRole.TestLabels, testLabels)]);

    private static Layout Pair(DatasetFormat format, string train, string test) =>
        new(format, [(DatasetFileRole.Train, train)], [(DatasetFileRole.Test, test)]);
}
