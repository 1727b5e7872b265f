using System.IO.Compression;
using SparseService.Engine.Data;
using static SparseService.Engine.Tests.Data.DatasetBytes;

namespace SparseService.Engine.Tests.Data;

/// <summary>
/// Files that are not what they claim to be: each is refused with a field, a value and what is allowed, and leaves nothing
/// behind.
/// </summary>
public sealed class HostileFileTests : IDisposable
{
    private static readonly byte[] IdxLabels = Idx(8, [2], 0, 1);

    private static readonly byte[] NpyLabels = Npy("<i8", "(2,)", Items(0L, 1L));

    private readonly StoreFiles files = new();

    /// <summary>
    /// Format, first file, second file (labels, or test part; null = none), what the field must contain, row of the
    /// fault.
    /// </summary>
    private static readonly Dictionary<string, (DatasetFormat Format, byte[] First, byte[]? Second, string Field, long? Row)> Faults = new()
    {
        ["idx empty"] = (DatasetFormat.Idx, [], IdxLabels, "trainSamples header", null),
        ["idx wrong magic"] = (DatasetFormat.Idx, [1, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 0], IdxLabels, "trainSamples magic", null),
        ["idx wrong type"] = (DatasetFormat.Idx, Idx(7, [2, 2], 1, 2, 3, 4), IdxLabels, "trainSamples magic type", null),
        ["idx no dimensions"] = (DatasetFormat.Idx, Idx(8, []), IdxLabels, "trainSamples magic dimensions", null),
        ["idx one dimension"] = (DatasetFormat.Idx, Idx(8, [2], 1, 2), IdxLabels, "trainSamples shape", null),
        ["idx header cut off"] = (DatasetFormat.Idx, Idx(8, [2, 2])[..9], IdxLabels, "trainSamples header", null),
        ["idx items cut off"] = (DatasetFormat.Idx, Idx(8, [2, 2], 1, 2, 3), IdxLabels, "trainSamples data", null),
        ["idx items beyond the header"] = (DatasetFormat.Idx, Idx(8, [2, 2], 1, 2, 3, 4, 5), IdxLabels, "trainSamples data", null),
        ["idx huge shape"] = (DatasetFormat.Idx, Idx(8, [-1, -1, -1], 1), IdxLabels, "trainSamples shape", null),
        ["idx overflowing shape"] = (
            DatasetFormat.Idx, Idx(8, [2, 1_000_000, 1_000_000, 1_000_000]), IdxLabels, "trainSamples shape", null),
        ["idx zero width"] = (DatasetFormat.Idx, Idx(8, [2, 2, 0]), IdxLabels, "trainSamples shape", null),
        ["idx zero rows"] = (DatasetFormat.Idx, Idx(8, [0, 2]), Idx(8, [0]), "trainSamples rows", null),
        ["idx fewer labels"] = (DatasetFormat.Idx, Idx(8, [2, 1], 1, 2), Idx(8, [1], 0), "trainLabels rows", null),
        ["idx labels of two dimensions"] = (DatasetFormat.Idx, Idx(8, [2, 1], 1, 2), Idx(8, [2, 2], 0, 1, 0, 1), "trainLabels shape", null),
        ["idx labels of one class"] = (DatasetFormat.Idx, Idx(8, [2, 1], 1, 2), Idx(8, [2], 5, 5), "labels", null),
        ["idx NaN label"] = (
            DatasetFormat.Idx, Idx(8, [2, 1], 1, 2), Idx(13, [2], BigEndianItems(1f, float.NaN)), "trainLabels label", 2),
        ["idx infinite feature"] = (
            DatasetFormat.Idx, Idx(13, [2, 1], BigEndianItems(1f, float.PositiveInfinity)), IdxLabels, "trainSamples column 1", 2),
        ["gzip cut off"] = (DatasetFormat.Idx, GZip(Idx(8, [2, 2], 1, 2, 3, 4))[..^9], IdxLabels, "trainSamples compression", null),
        ["gzip with garbage after it"] = (
            DatasetFormat.Idx, [.. GZip(Idx(8, [2, 2], 1, 2, 3, 4)), 1, 2, 3], IdxLabels, "trainSamples compression", null),
        ["gzip without content"] = (DatasetFormat.Idx, [0x1F, 0x8B], IdxLabels, "trainSamples compression", null),
        ["gzip damaged"] = (DatasetFormat.Idx, Damaged(GZip(Idx(8, [2, 2], 1, 2, 3, 4))), IdxLabels, "trainSamples compression", null),
        ["npy wrong magic"] = (DatasetFormat.Npy, Text("PK\u0003\u0004 no array at all"), NpyLabels, "trainSamples magic", null),
        ["npy version 9"] = (DatasetFormat.Npy, Npy("<f4", "(2, 1)", Items(1f, 2f), version: 9), NpyLabels, "version", null),
        ["npy object array"] = (DatasetFormat.Npy, Npy("|O", "(2, 1)", Items(1f, 2f)), NpyLabels, "descr", null),
        ["npy big-endian"] = (DatasetFormat.Npy, Npy(">f4", "(2, 1)", Items(1f, 2f)), NpyLabels, "descr", null),
        ["npy Fortran order"] = (
            DatasetFormat.Npy, Npy("<f4", "(2, 1)", Items(1f, 2f), fortran: true), NpyLabels, "fortran_order", null),
        ["npy no dict"] = (DatasetFormat.Npy, NpyOf("__import__('os')", []), NpyLabels, "trainSamples header", null),
        ["npy key twice"] = (
            DatasetFormat.Npy, NpyOf("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}", Items(1f, 2f)),
            NpyLabels, "trainSamples header", null),
        ["npy shape beyond 64 bits"] = (
            DatasetFormat.Npy, Npy("<f4", "(99999999999999999999, 1)", []), NpyLabels, "shape", null),
        ["npy scalar"] = (DatasetFormat.Npy, Npy("<f4", "()", Items(1f)), NpyLabels, "shape", null),
        ["npy number beyond float32"] = (
            DatasetFormat.Npy, Npy("<f8", "(2, 1)", Items(1.0, 1e300)), NpyLabels, "trainSamples column 1", 2),
        ["npy items cut off"] = (DatasetFormat.Npy, Npy("<f4", "(2, 1)", Items(1f)), NpyLabels, "trainSamples data", null),
        ["npy header length beyond the file"] = (
            DatasetFormat.Npy, [0x93, .. "NUMPY"u8, 2, 0, 255, 255, 255, 255], NpyLabels, "header length", null),
        ["npz no zip"] = (DatasetFormat.Npz, Text("no zip"), null, "train", null),
        ["npz without arrays"] = (DatasetFormat.Npz, Npz(("a.npy", Npy("<f4", "(1,)", Items(1f)))), null, "train arrays", null),
        ["npz half a test part"] = (
            DatasetFormat.Npz,
            Npz(("x_train.npy", Npy("<f4", "(2, 1)", Items(1f, 2f))), ("y_train.npy", NpyLabels), ("x_test.npy", [])),
            null, "train arrays", null),
        ["npz too many entries"] = (
            DatasetFormat.Npz,
            Npz([.. Enumerable.Range(0, 65).Select(i => ($"{i}.npy", Array.Empty<byte>()))]), null, "train arrays", null),
        ["npz cut off"] = (DatasetFormat.Npz, Npz(("x.npy", Npy("<f4", "(2, 1)", Items(1f, 2f))))[..^30], null, "train", null),
        ["csv empty"] = (DatasetFormat.Csv, [], null, "train rows", null),
        ["csv only a header"] = (DatasetFormat.Csv, Text("a,b,label\n"), null, "train rows", null),
        ["csv one column"] = (DatasetFormat.Csv, Text("1\n2\n"), null, "train columns", 1),
        ["csv short row"] = (DatasetFormat.Csv, Text("1,2,a\n3,b\n"), null, "train row length", 2),
        ["csv long row"] = (DatasetFormat.Csv, Text("1,2,a\n3,4,b,5\n"), null, "train row length", 2),
        ["csv very long row"] = (DatasetFormat.Csv, Text("1,2,a\n3,4,b,5,6,7,8\n"), null, "train field 5", 2),
        ["csv NaN"] = (DatasetFormat.Csv, Text("x,y\n1,a\nNaN,b\n"), null, "train column 'x'", 3),
        ["csv infinity"] = (DatasetFormat.Csv, Text("1,a\n-Infinity,b\n"), null, "train column 1", 2),
        ["csv number beyond float32"] = (DatasetFormat.Csv, Text("1,a\n1e99,b\n"), null, "train column 1", 2),
        ["csv missing value"] = (DatasetFormat.Csv, Text("1,2,a\n1,,b\n"), null, "train column 2", 2),
        ["csv missing value in the first row"] = (DatasetFormat.Csv, Text("NA,2,a\n1,2,b\n"), null, "train column 1", 1),
        ["csv categorical feature"] = (DatasetFormat.Csv, Text("color,label\nred,1\nblue,2\n"), null, "train column 'color'", 2),
        ["csv decimal comma"] = (DatasetFormat.Csv, Text("x;label\n1,5;a\n2,5;b\n"), null, "train column 'x'", 2),
        ["csv name twice"] = (DatasetFormat.Csv, Text("x,x,label\n1,2,a\n3,4,b\n"), null, "train column 2", 1),
        ["csv open quote"] = (DatasetFormat.Csv, Text("1,\"a\n2,b\n3,c\n"), null, "train", 1),
        ["csv text after a quote"] = (DatasetFormat.Csv, Text("1,a\n2,\"b\"c\n"), null, "train field 2", 2),
        ["csv empty label"] = (DatasetFormat.Csv, Text("1,a\n2,\n"), null, "train label", 2),
        ["csv NaN label"] = (DatasetFormat.Csv, Text("1,1\n2,nan\n"), null, "train label", 2),
        ["csv label not in UTF-8"] = (DatasetFormat.Csv, [.. Text("1,a\n2,"), 0xFF, 0xFE, .. Text("\n")], null, "train label", 2),
        ["csv with a zero byte"] = (DatasetFormat.Csv, Text("1,a\n2,\0b\n"), null, "train", 2),
        ["csv in UTF-16"] = (DatasetFormat.Csv, [0xFF, 0xFE, .. System.Text.Encoding.Unicode.GetBytes("1,a\n2,b\n")], null, "train", null),
        ["csv label too long"] = (DatasetFormat.Csv, Text($"1,a\n2,{new string('b', 300)}\n"), null, "train label", 2),
        ["csv test with another label"] = (DatasetFormat.Csv, Text("1,a\n2,b\n"), Text("1,a\n3,c\n"), "test label", 2),
        ["csv test with fewer columns"] = (DatasetFormat.Csv, Text("1,2,a\n2,3,b\n"), Text("1,a\n"), "test columns", null),
        ["csv test with another column"] = (DatasetFormat.Csv, Text("x,y\n1,a\n2,b\n"), Text("z,y\n1,a\n"), "test column 1", null),
        ["csv test empty"] = (DatasetFormat.Csv, Text("1,a\n2,b\n"), Text("\n\n"), "test rows", null),
        ["csv gzip in gzip"] = (DatasetFormat.Csv, GZip(GZip(Text("1,a\n2,b\n"))), null, "train", null),
        ["libsvm index 0"] = (DatasetFormat.LibSvm, Text("1 1:2\n2 0:1 1:3\n"), null, "train index", 2),
        ["libsvm negative index"] = (DatasetFormat.LibSvm, Text("1 1:2\n2 -1:1\n"), null, "train index", 2),
        ["libsvm index beyond the limit"] = (DatasetFormat.LibSvm, Text("1 1:2\n2 2000000000:1\n"), null, "train index", 2),
        ["libsvm index twice"] = (DatasetFormat.LibSvm, Text("1 1:2 1:3\n"), null, "train index", 1),
        ["libsvm descending"] = (DatasetFormat.LibSvm, Text("1 3:2 1:3\n"), null, "train index", 1),
        ["libsvm no colon"] = (DatasetFormat.LibSvm, Text("1 1=2\n"), null, "train entry", 1),
        ["libsvm NaN"] = (DatasetFormat.LibSvm, Text("1 1:nan\n"), null, "train index 1", 1),
        ["libsvm no features"] = (DatasetFormat.LibSvm, Text("1\n2\n"), null, "train", null),
        ["libsvm test is wider"] = (DatasetFormat.LibSvm, Text("1 1:1\n2 2:1\n"), Text("1 3:1\n"), "test index", 1),
        ["libsvm test empty"] = (DatasetFormat.LibSvm, Text("1 1:1\n2 2:1\n"), Text("# nothing\n"), "test rows", null),
        ["matrix empty"] = (DatasetFormat.Matrix, [], Text("1\n"), "trainSamples rows", null),
        ["matrix short row"] = (DatasetFormat.Matrix, Text("1 2\n3\n"), Text("1\n2\n"), "trainSamples row length", 2),
        ["matrix long row"] = (DatasetFormat.Matrix, Text("1 2\n3 4 5\n"), Text("1\n2\n"), "trainSamples row length", 2),
        ["matrix text"] = (DatasetFormat.Matrix, Text("1 2\n3 x\n"), Text("1\n2\n"), "trainSamples column 2", 2),
        ["matrix fewer labels"] = (DatasetFormat.Matrix, Text("1 2\n3 4\n"), Text("1\n"), "trainLabels rows", null),
        ["matrix more labels"] = (DatasetFormat.Matrix, Text("1 2\n3 4\n"), Text("1\n2\n1\n"), "trainLabels rows", null),
        ["matrix two labels a line"] = (DatasetFormat.Matrix, Text("1 2\n3 4\n"), Text("1\n2 1\n"), "trainLabels row length", 2),
    };

    public static TheoryData<string> Cases => [.. Faults.Keys];

    public void Dispose() => files.Dispose();

    [Theory, MemberData(nameof(Cases))]
    public void Import_HostileFile_IsRefusedWithFieldAndRow(string name)
    {
        var (format, first, second, field, row) = Faults[name];
        var arrays = format is DatasetFormat.Idx or DatasetFormat.Npy or DatasetFormat.Matrix;
        var parts = new List<(DatasetFileRole, byte[])> { (arrays ? DatasetFileRole.TrainSamples : DatasetFileRole.Train, first) };
        if (second is not null)
        {
            parts.Add((arrays ? DatasetFileRole.TrainLabels : DatasetFileRole.Test, second));
        }

        var fault = StoreFiles.Fault(() => files.Import(new DatasetImportOptions { Format = format }, null, [.. parts]));

        Assert.Contains(field, fault.Field, StringComparison.Ordinal);
        Assert.Equal(row, fault.Row);
        Assert.NotEmpty(fault.Value);
        Assert.NotEmpty(fault.Allowed);
        Assert.Empty(Directory.GetFiles(files.Folder));
    }

    [Fact]
    public void Import_SmallGzipThatExpandsWithoutEnd_StopsAtTheBytesOrTheRatio()
    {
        var bomb = Bomb(200 << 20);
        var header = Idx(8, [200 << 10, 1 << 10]);
        var options = new DatasetImportOptions { Format = DatasetFormat.Idx };
        (DatasetFileRole, byte[])[] parts =
        [
            (DatasetFileRole.TrainSamples, Bomb(200 << 20, header)),
            (DatasetFileRole.TrainLabels, Idx(8, [200 << 10])),
        ];

        var byBytes = StoreFiles.Fault(() => files.Import(options, new DatasetLimits { ExpandedBytes = 8 << 20 }, parts));
        var byRatio = StoreFiles.Fault(() => files.Import(options, new DatasetLimits(), parts));
        var byLine = StoreFiles.Fault(() => files.Import(
            new DatasetImportOptions { Format = DatasetFormat.Csv },
            new DatasetLimits { ExpansionRatio = int.MaxValue },
            (DatasetFileRole.Train, bomb)));

        Assert.Equal("trainSamples size", byBytes.Field);
        Assert.Equal("trainSamples compression", byRatio.Field);
        Assert.Equal("train line", byLine.Field);
        Assert.Empty(Directory.GetFiles(files.Folder));
    }

    // The framework's GZipStream reads every one of these as a complete, shorter file.
    [Fact]
    public void Import_GzippedTextCutOffAnywhere_IsRefused()
    {
        var random = RandomStream.For(5, RandomPurpose.GeneratedData);
        var rows = string.Concat(Enumerable.Range(0, 4000).Select(row => $"{random.NextDouble()},{row % 2}\n"));
        var whole = GZip(Text(rows));
        for (var length = 3; length < whole.Length; length += length > whole.Length - 40 ? 1 : 1 + (int)random.NextBelow(900))
        {
            var fault = StoreFiles.Fault(() => files.Import(
                new DatasetImportOptions { Format = DatasetFormat.Csv }, null, (DatasetFileRole.Train, whole[..length])));
            Assert.Equal("train compression", fault.Field);
        }
    }

    [Fact]
    public void Import_ZipEntryThatExpandsWithoutEnd_StopsAtTheRatio()
    {
        var zeros = Npy("|u1", "(100, 1000000)", new byte[100_000_000]);
        var npz = Npz(("x.npy", zeros), ("y.npy", Npy("|u1", "(100,)", new byte[100])));
        var fault = StoreFiles.Fault(() => files.Import(
            new DatasetImportOptions { Format = DatasetFormat.Npz }, null, (DatasetFileRole.Train, npz)));
        Assert.Equal("train x.npy compression", fault.Field);
        Assert.Empty(Directory.GetFiles(files.Folder));
    }

    [Fact]
    public void Import_MoreClassesThanAllowed_IsRefused()
    {
        var csv = Text(string.Concat(Enumerable.Range(0, 12).Select(row => $"1,{row}\n")));
        var fault = StoreFiles.Fault(() => files.Import(
            new DatasetImportOptions { Format = DatasetFormat.Csv }, new DatasetLimits { Classes = 10 }, (DatasetFileRole.Train, csv)));
        Assert.Equal(("train label", 11L), (fault.Field, fault.Row));
    }

    [Fact]
    public void Import_SparseTextThatIsDenseBeyondTheStore_IsRefusedBeforeWriting()
    {
        var fault = StoreFiles.Fault(() => files.Import(
            new DatasetImportOptions { Format = DatasetFormat.LibSvm }, new DatasetLimits { StoreBytes = 1 << 20 },
            (DatasetFileRole.Train, Text("1 1:1\n2 900000:1\n"))));
        Assert.Equal("train", fault.Field);
    }

    [Fact]
    public void Import_WrongRoles_NamesTheRightOnes()
    {
        var options = new DatasetImportOptions { Format = DatasetFormat.Idx };
        Assert.Equal("none", StoreFiles.Fault(() => files.Import(options)).Value);
        var fault = StoreFiles.Fault(() => files.Import(options, null, (DatasetFileRole.Train, []), (DatasetFileRole.TestLabels, [])));
        Assert.Equal(("train + testLabels", "files"), (fault.Value, fault.Field));
        Assert.StartsWith("trainSamples + trainLabels", fault.Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_Cancelled_LeavesNothing()
    {
        var open = new Dictionary<DatasetFileRole, Func<Stream>> { [DatasetFileRole.Train] = () => new MemoryStream(Text("1,a\n2,b\n")) };
        Assert.Throws<OperationCanceledException>(() => DatasetImport.ToStore(
            new DatasetImportOptions { Format = DatasetFormat.Csv }, open, files.Store, new DatasetLimits(),
            new CancellationToken(canceled: true)));
        Assert.Empty(Directory.GetFiles(files.Folder));
    }

    private static byte[] Damaged(byte[] bytes)
    {
        bytes[^6] ^= 0x55;
        return bytes;
    }

    private static byte[] Bomb(int zeros, params byte[] start)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            gzip.Write(start);
            var chunk = new byte[1 << 20];
            for (var left = zeros; left > 0; left -= chunk.Length)
            {
                gzip.Write(chunk);
            }
        }

        return packed.ToArray();
    }
}
