using SparseService.Engine.Data;
using SparseService.Engine.Data.Readers;
using static SparseService.Engine.Tests.Data.DatasetBytes;

namespace SparseService.Engine.Tests.Data;

/// <summary>The same four rows in every format, plain and gzipped: [1 2], [3 4], [5 6], test [7 8], labels 9 −1 9, test −1.</summary>
public sealed class FormatTests : IDisposable
{
    private readonly StoreFiles files = new();

    private static readonly byte[] TrainNumbers = [1, 2, 3, 4, 5, 6];

    private static readonly byte[] TestNumbers = [7, 8];

    private static readonly Dictionary<string, (DatasetFormat Format, byte[][] Parts)> Forms = new()
    {
        ["idx bytes"] = Arrays(DatasetFormat.Idx, Idx(8, [3, 2], TrainNumbers), Idx(8, [1, 2], TestNumbers)),
        ["idx int16"] = IdxArrays(11, i => (short)i),
        ["idx int32"] = IdxArrays(12, i => (int)i),
        ["idx float"] = IdxArrays(13, i => (float)i),
        ["idx double"] = IdxArrays(14, i => (double)i),
        ["npy u1"] = NpyArrays("|u1", i => i),
        ["npy i1"] = NpyArrays("|i1", i => (sbyte)i),
        ["npy u2"] = NpyArrays("<u2", i => (ushort)i),
        ["npy i2"] = NpyArrays("<i2", i => (short)i),
        ["npy u4"] = NpyArrays("<u4", i => (uint)i),
        ["npy i4"] = NpyArrays("<i4", i => (int)i),
        ["npy u8"] = NpyArrays("<u8", i => (ulong)i),
        ["npy i8"] = NpyArrays("<i8", i => (long)i),
        ["npy f2"] = NpyArrays("<f2", i => (Half)i),
        ["npy f4"] = NpyArrays("<f4", i => (float)i),
        ["npy f8"] = NpyArrays("<f8", i => (double)i),
        ["npy v2"] = NpyArrays("<f4", i => (float)i, version: 2),
        ["npy v3"] = NpyArrays("<f4", i => (float)i, version: 3),
        ["npz"] = (DatasetFormat.Npz, [Npz(
            ("x_train.npy", Npy("<f4", "(3, 2)", Items(1f, 2f, 3f, 4f, 5f, 6f))), ("y_train.npy", Npy("<i8", "(3,)", Items(9L, -1L, 9L))),
            ("x_test.npy", Npy("<f4", "(1, 2)", Items(7f, 8f))), ("y_test.npy", Npy("<i8", "(1,)", Items(-1L))))]),
        ["csv"] = (DatasetFormat.Csv, [Text("1,2,9\n3,4,-1\n5,6,9\n"), Text("7,8,-1\n")]),
        ["libsvm"] = (DatasetFormat.LibSvm, [Text("9 1:1 2:2\n# a comment\n-1 1:3 2:4 # another\n9 1:5 2:6\n"), Text("-1 1:7 2:8\n")]),
        ["matrix"] = (DatasetFormat.Matrix, [Text("1 2\n3\t4 \n 5  6\r\n"), Text("9\n-1\n+9\n"), Text("7 8"), Text("-1")]),
    };

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool>();
            foreach (var name in Forms.Keys)
            {
                cases.Add(name, false);
                cases.Add(name, true);
            }

            return cases;
        }
    }

    public void Dispose() => files.Dispose();

    [Theory, MemberData(nameof(Cases))]
    public void Import_SameRowsInAnyFormat_GivesThemBack(string name, bool zipped)
    {
        var (format, parts) = Forms[name];
        var (needed, optional) = DatasetImport.RolesOf(format);
        var given = needed.Concat(optional).Zip(parts, (role, part) => (role, zipped ? GZip(part) : part)).ToArray();

        using var store = files.ImportAndOpen(new DatasetImportOptions { Format = format }, given);

        Assert.Equal((4L, 3L, 2), (store.Rows, store.TrainRows, store.Features));
        Assert.Equal(["-1", "9"], store.ClassNames);
        Assert.Equal([2L, 2L], store.ClassCounts);
        Assert.Equal([1, 0, 1, 0], Enumerable.Range(0, 4).Select(row => store.ClassOf(row)));
        var values = new float[2];
        for (var row = 0; row < 4; row++)
        {
            store.ReadRow(row, values);
            Assert.Equal([(2 * row) + 1f, (2 * row) + 2f], values);
        }
    }

    [Fact]
    public void Import_LibSvm_FillsWithZerosAndLetsTheTestPartBeNarrower()
    {
        using var store = files.ImportAndOpen(
            new DatasetImportOptions { Format = DatasetFormat.LibSvm },
            (DatasetFileRole.Train, Text("1 5:2.5\n0 2:-1\n1\n")), (DatasetFileRole.Test, Text("0 1:3\n")));
        var values = new float[5];
        store.ReadRow(0, values);
        Assert.Equal([0f, 0f, 0f, 0f, 2.5f], values);
        store.ReadRow(3, values);
        Assert.Equal([3f, 0f, 0f, 0f, 0f], values);
    }

    [Fact]
    public void Import_NpzWithoutTestPart_IsAllTraining()
    {
        var npz = Npz(("X.npy", Npy("|u1", "(2, 2, 3)", new byte[12])), ("y.npy", Npy("|b1", "(2, 1)", [0, 1])), ("notes.npy", [1]));
        using var store = files.ImportAndOpen(new DatasetImportOptions { Format = DatasetFormat.Npz }, (DatasetFileRole.Train, npz));
        Assert.Equal((2L, 2L), (store.Rows, store.TrainRows));
        Assert.Equal(new ImageShape(2, 3, 1), store.Image);
        Assert.Equal(SampleElement.Byte, store.Element);
    }

    [Theory]
    [InlineData("(2, 2, 2, 3)", 2, 2, 3)]
    [InlineData("(2, 4, 3, 1)", 4, 3, 1)]
    public void Import_FourDimensions_AreChannelsLast(string shape, int height, int width, int channels)
    {
        using var store = files.ImportAndOpen(
            new DatasetImportOptions { Format = DatasetFormat.Npy },
            (DatasetFileRole.TrainSamples, Npy("|u1", shape, new byte[24])), (DatasetFileRole.TrainLabels, Npy("|u1", "(2,)", [0, 1])));
        Assert.Equal(new ImageShape(height, width, channels), store.Image);
    }

    [Fact]
    public void Import_Twice_GivesTheSameHash()
    {
        var options = new DatasetImportOptions { Format = DatasetFormat.Csv };
        var first = files.Import(options, null, (DatasetFileRole.Train, Text("1,a\n2,b\n")));
        Assert.Equal(first, files.Import(options, null, (DatasetFileRole.Train, GZip(Text("1,a\r\n2.0,b")))));
        Assert.NotEqual(first, files.Import(options, null, (DatasetFileRole.Train, Text("1,a\n3,b\n"))));
        Assert.Single(Directory.GetFiles(files.Folder));
    }

    [Fact]
    public void ReadNpyHeader_RandomBytes_IsReadOrRefused()
    {
        var random = RandomStream.For(7, RandomPurpose.GeneratedData);
        var whole = Npy("<f4", "(3, 2)", []);
        for (var attempt = 0; attempt < 5000; attempt++)
        {
            var damaged = (byte[])whole.Clone();
            for (var flips = 1 + random.NextBelow(4); flips > 0; flips--)
            {
                damaged[random.NextBelow(70)] = (byte)random.NextUInt64();
            }

            try
            {
                Assert.InRange(NpyHeader.Read(new MemoryStream(damaged), "file").Shape.Count, 1, 4);
            }
            catch (DatasetFormatException fault)
            {
                Assert.StartsWith("file", fault.Field, StringComparison.Ordinal);
            }
        }
    }

    private static byte[] BigEndian<T>(Func<byte, T> convert, byte[] numbers)
        where T : unmanaged => BigEndianItems(Array.ConvertAll(numbers, number => convert(number)));

    private static (DatasetFormat Format, byte[][] Parts) IdxArrays<T>(byte type, Func<byte, T> convert)
        where T : unmanaged =>
        Arrays(DatasetFormat.Idx, Idx(type, [3, 2], BigEndian(convert, TrainNumbers)), Idx(type, [1, 2], BigEndian(convert, TestNumbers)));

    private static (DatasetFormat Format, byte[][] Parts) Arrays(DatasetFormat format, byte[] train, byte[] test) =>
        (format, [train, Idx(9, [3], 9, 255, 9), test, Idx(9, [1], 255)]);

    private static (DatasetFormat Format, byte[][] Parts) NpyArrays<T>(string descr, Func<byte, T> convert, byte version = 1)
        where T : unmanaged =>
        (DatasetFormat.Npy,
        [
            Npy(descr, "(3, 2)", Items(Array.ConvertAll(TrainNumbers, number => convert(number))), version: version),
            Npy("<i8", "(3,)", Items(9L, -1L, 9L)),
            Npy(descr, "(1, 2)", Items(Array.ConvertAll(TestNumbers, number => convert(number))), version: version),
            Npy("<f8", "(1,)", Items(-1.0)),
        ]);
}
