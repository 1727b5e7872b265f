using SparseService.Engine.Data;

namespace SparseService.Engine.Tests.Data;

/// <summary>A folder of its own for one test's files, gone afterwards.</summary>
public sealed class StoreFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("sparse-data-").FullName;

    public string Store => Path.Combine(Folder, "data.store");

    /// <summary>The shared data folder beside the repository; the test is skipped where it is absent.</summary>
    public static string SharedData(string name)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "SparseService.sln")))
        {
            root = root.Parent;
        }

        var folder = root is null ? name : Path.GetFullPath(Path.Combine(root.FullName, "..", "shared", "data", name));
        Assert.SkipUnless(Directory.Exists(folder), $"../shared/data/{name} is not on this machine");
        return folder;
    }

    public static DatasetFormatException Fault(Action action) => Assert.Throws<DatasetFormatException>(action);

    public string Import(DatasetImportOptions options, DatasetLimits? limits = null, params (DatasetFileRole Role, byte[] Bytes)[] files) =>
        DatasetImport.ToStore(
            options,
            files.ToDictionary(file => file.Role, file => (Func<Stream>)(() => new MemoryStream(file.Bytes, writable: false))),
            Store,
            limits ?? new DatasetLimits(),
            TestContext.Current.CancellationToken);

    public SampleStore ImportAndOpen(DatasetImportOptions options, params (DatasetFileRole Role, byte[] Bytes)[] files)
    {
        Import(options, null, files);
        return SampleStore.Open(Store);
    }

    public SampleStore ImportFolder(string folder)
    {
        var (options, files) = DatasetImport.Detect(folder);
        DatasetImport.ToStore(
            options,
            files.ToDictionary(file => file.Key, file => (Func<Stream>)(() => File.OpenRead(file.Value))),
            Store,
            new DatasetLimits(),
            TestContext.Current.CancellationToken);
        return SampleStore.Open(Store);
    }

    /// <summary>A store of random rows, written directly.</summary>
    internal SampleStore Random(int rows, int features, SampleElement element, int classes = 3, ulong seed = 1)
    {
        var random = RandomStream.For(seed, RandomPurpose.GeneratedData);
        var layout = new SampleLayout(features, element, Regression: classes == 0);
        using (var writer = new SampleStoreWriter(Store, layout, new DatasetLimits()))
        {
            for (var row = 0; row < rows; row++)
            {
                for (var feature = 0; feature < features; feature++)
                {
                    if (element == SampleElement.Byte)
                    {
                        writer.Append([(byte)random.NextBelow(256)]);
                    }
                    else
                    {
                        writer.Append([(float)random.NextNormal()]);
                    }
                }

                if (classes == 0)
                {
                    writer.AppendTarget((float)random.NextNormal());
                }
                else
                {
                    writer.AppendLabel((int)random.NextBelow(classes));
                }
            }

            writer.Complete([.. Enumerable.Range(0, classes).Select(index => $"class {index}")], [.. Enumerable.Range(0, classes)]);
        }

        return SampleStore.Open(Store);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
