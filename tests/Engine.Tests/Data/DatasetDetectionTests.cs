using SparseService.Engine.Data;

namespace SparseService.Engine.Tests.Data;

public sealed class DatasetDetectionTests : IDisposable
{
    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData(DatasetFormat.Idx, "train-images-idx3-ubyte.gz train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte", 4)]
    [InlineData(DatasetFormat.Idx, "train-images-idx3-ubyte train-labels-idx1-ubyte", 2)]
    [InlineData(DatasetFormat.Matrix, "madelon_train.data.gz madelon_train.labels madelon_valid.data.gz madelon_valid.labels", 4)]
    [InlineData(DatasetFormat.Csv, "train.csv test.csv README.md", 2)]
    [InlineData(DatasetFormat.Csv, "train.tsv.gz", 1)]
    [InlineData(DatasetFormat.LibSvm, "train.svm test.svm", 2)]
    [InlineData(DatasetFormat.LibSvm, "train.libsvm", 1)]
    [InlineData(DatasetFormat.Npz, "numbers.npz", 1)]
    [InlineData(DatasetFormat.Npy, "x_train.npy y_train.npy x_test.npy y_test.npy", 4)]
    public void Detect_KnownFolder_FindsFormatAndFiles(DatasetFormat format, string names, int count)
    {
        Create(names);
        var (options, found) = DatasetImport.Detect(files.Folder);
        Assert.Equal(format, options.Format);
        Assert.Equal(count, found.Count);
        Assert.All(found.Values, path => Assert.True(File.Exists(path)));
    }

    [Theory]
    [InlineData("iris.csv", DatasetFormat.Csv)]
    [InlineData("iris.TSV.gz", DatasetFormat.Csv)]
    [InlineData("a1a.svm", DatasetFormat.LibSvm)]
    [InlineData("mnist.npz", DatasetFormat.Npz)]
    public void Detect_SingleFile_GoesByItsExtension(string name, DatasetFormat format)
    {
        Create(name);
        var (options, found) = DatasetImport.Detect(Path.Combine(files.Folder, name));
        Assert.Equal(format, options.Format);
        Assert.Equal(DatasetFileRole.Train, Assert.Single(found).Key);
    }

    [Theory]
    [InlineData("", "", "train-images-idx3-ubyte")]
    [InlineData("", "notes.txt", "train.csv")]
    [InlineData("notes.txt", "notes.txt", ".csv")]
    [InlineData("absent", "", "exists")]
    [InlineData("", "a.npz b.npz", "one *.npz")]
    public void Detect_NothingKnown_SaysWhatWouldBe(string path, string names, string allowed)
    {
        Create(names);
        var fault = StoreFiles.Fault(() => DatasetImport.Detect(Path.Combine(files.Folder, path)));
        Assert.Equal("data", fault.Field);
        Assert.Contains(allowed, fault.Allowed, StringComparison.Ordinal);
    }

    private void Create(string names)
    {
        foreach (var name in names.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            File.WriteAllBytes(Path.Combine(files.Folder, name), []);
        }
    }
}
