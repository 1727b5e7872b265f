using SparseService.Cli.Bench.Peers;
using SparseService.Cli.Machine;
using SparseService.Engine.Data;

namespace SparseService.Cli.Bench.Sweeps;

/// <summary>A sample store of random bytes and classes, gone with its owner.</summary>
internal sealed class SyntheticData : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public SyntheticData(int features, int classes, int trainRows, int testRows)
    {
        RandomImages.Write(folder.Path, trainRows, testRows, height: 1, features, classes);
        var (options, files) = DatasetImport.Detect(folder.Path);
        Path = System.IO.Path.Combine(folder.Path, "samples.store");
        var openers = files.ToDictionary(file => file.Key, file => (Func<Stream>)(() => File.OpenRead(file.Value)));
        DatasetImport.ToStore(options, openers, Path, new DatasetLimits());
        Store = SampleStore.Open(Path);
    }

    public SampleStore Store { get; }

    /// <summary>Of the store.</summary>
    public string Path { get; }

    public void Dispose()
    {
        Store.Dispose();
        folder.Dispose();
    }
}
