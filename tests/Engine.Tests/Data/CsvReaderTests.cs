using System.Globalization;
using SparseService.Engine.Data;
using SparseService.Engine.Data.Readers;
using static SparseService.Engine.Tests.Data.DatasetBytes;

namespace SparseService.Engine.Tests.Data;

public sealed class CsvReaderTests : IDisposable
{
    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData("1.5,2,a\n3,-4e1,b\n", "")]
    [InlineData("1.5,2,a\r\n3,-4e1,b", "")]
    [InlineData("\uFEFFx,y,label\n1.5,2,a\n\n3,-4e1,b\n\n", "x y")]
    [InlineData("x\ty\tlabel\n1.5\t2\ta\n3\t-4e1\tb\n", "x y")]
    [InlineData("x;y;label\n1.5;2;a\n3;-4e1;b\n", "x y")]
    [InlineData("\"x\",\"y\",\"label\"\r\n\"1.5\",\"2\",\"a\"\r\n3 , -4e1 , \"b\"\r\n", "x y")]
    [InlineData("x,,label\n+1.5,2.0,a\n3.0,-40,b\n", "x|column 2")]
    public void Import_ManyWaysToWriteIt_GivesTheSameRows(string csv, string names)
    {
        using var store = Import(csv);
        Assert.Equal(["a", "b"], store.ClassNames);
        Assert.Equal(names.Split(names.Contains('|') ? '|' : ' ', StringSplitOptions.RemoveEmptyEntries), store.FeatureNames);
        Assert.Equal([[1.5f, 2], [3, -40]], Rows(store));
        Assert.Equal((2L, 2L), (store.Rows, store.TrainRows));
    }

    [Fact]
    public void Import_QuotedFields_KeepDelimitersQuotesAndLineBreaks()
    {
        using var store = Import("1,\"say \"\"a\"\", b\"\n2,\"two\r\nlines\"\n3,\"\"\"\"\n");
        Assert.Equal(["\"", "say \"a\", b", "two\r\nlines"], store.ClassNames);
        Assert.Equal([1, 2, 0], Enumerable.Range(0, 3).Select(row => store.ClassOf(row)));
    }

    [Fact]
    public void Import_AnotherCultureOnTheThread_ReadsPointsAllTheSame()
    {
        var before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat = new NumberFormatInfo { NumberDecimalSeparator = ",", NumberGroupSeparator = "." };
        try
        {
            CultureInfo.CurrentCulture = comma;
            using var store = Import("1.5,1\n123456789.25,2.5\n");
            Assert.Equal([[1.5f], [123456789.25f]], Rows(store));
            Assert.Equal(["1", "2.5"], store.ClassNames);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Theory]
    [InlineData("x,y,z\n1,2,3\n4,5,6\n", true)]
    [InlineData("1,2,x\n4,5,y\n", false)]
    [InlineData("1,b,x\n2,3,y\n4,5,x\n", true)]
    [InlineData("1,2,3\n4,5,6\n", false)]
    public void Import_FirstLine_IsAHeaderWhenAFeatureIsText(string csv, bool header)
    {
        using var store = Import(csv);
        Assert.Equal(header, store.FeatureNames.Count > 0);
    }

    [Theory]
    [InlineData("kind", "1.5|3", "a b")]
    [InlineData("2", "1.5|3", "a b")]
    [InlineData("1", "kind", "")]
    public void Import_LabelColumn_IsTakenByNameOrNumber(string column, string rows, string classes)
    {
        var options = new DatasetImportOptions { Format = DatasetFormat.Csv, LabelColumn = column };
        if (classes.Length == 0)
        {
            Assert.Contains(rows, StoreFiles.Fault(() => files.Import(
                options, null, (DatasetFileRole.Train, Text("x,kind\n1.5,a\n3,b\n")))).Field, StringComparison.Ordinal);
            return;
        }

        using var store = files.ImportAndOpen(options, (DatasetFileRole.Train, Text("x,kind\n1.5,a\n3,b\n")));
        Assert.Equal(classes.Split(' '), store.ClassNames);
        Assert.Equal(rows.Split('|').Select(value => float.Parse(value, CultureInfo.InvariantCulture)), Rows(store).Select(row => row[0]));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("3")]
    [InlineData("Kind")]
    public void Import_UnknownLabelColumn_ListsTheColumns(string column)
    {
        var options = new DatasetImportOptions { Format = DatasetFormat.Csv, LabelColumn = column };
        var fault = StoreFiles.Fault(() => files.Import(options, null, (DatasetFileRole.Train, Text("x,kind\n1.5,a\n3,b\n"))));
        Assert.Equal(("labelColumn", column), (fault.Field, fault.Value));
    }

    [Theory]
    [InlineData("10,9,-1,2.5", "-1 2.5 9 10")]
    [InlineData("1,1.0,2,1e0", "1 2")]
    [InlineData("b,a,B,10,9", "10 9 B a b")]
    [InlineData("+1,-1", "-1 1")]
    [InlineData("0,-0,1", "0 1")]
    public void Import_ClassOrder_DoesNotDependOnTheOrderOfRows(string labels, string classes)
    {
        var lines = labels.Split(',').Select((label, row) => $"{row},{label}").ToArray();
        using (var forward = Import(string.Join('\n', lines)))
        {
            Assert.Equal(classes.Split(' '), forward.ClassNames);
        }

        using var backward = Import(string.Join('\n', lines.Reverse()));
        Assert.Equal(classes.Split(' '), backward.ClassNames);
    }

    [Fact]
    public void Import_TestPart_FollowsAndKeepsTheTrainingClasses()
    {
        using var store = files.ImportAndOpen(
            new DatasetImportOptions { Format = DatasetFormat.Csv },
            (DatasetFileRole.Train, Text("x,y\n1,2\n3,1\n")), (DatasetFileRole.Test, Text("x,y\n5,2.0\n")));
        Assert.Equal((3L, 2L), (store.Rows, store.TrainRows));
        Assert.Equal([1, 0, 1], Enumerable.Range(0, 3).Select(row => store.ClassOf(row)));
        Assert.Equal([1L, 2L], store.ClassCounts);
    }

    [Fact]
    public void Import_Regression_KeepsTargetsAndRefusesText()
    {
        var options = new DatasetImportOptions { Format = DatasetFormat.Csv, Regression = true };
        using (var store = files.ImportAndOpen(options, (DatasetFileRole.Train, Text("1,0.5\n2,-7\n"))))
        {
            Assert.Equal((0, 0.5f, -7f), (store.Classes, store.TargetOf(0), store.TargetOf(1)));
            Assert.Empty(store.ClassNames);
        }

        var fault = StoreFiles.Fault(() => files.Import(options, null, (DatasetFileRole.Train, Text("1,0.5\n2,high\n"))));
        Assert.Equal(("train label", "high", 2L), (fault.Field, fault.Value, fault.Row));
    }

    // The short way for short numbers must give what the framework gives.
    [Fact]
    public void NumberText_AnyNumber_IsParsedAsByTheFramework()
    {
        var random = RandomStream.For(6, RandomPurpose.GeneratedData);
        for (var i = 0; i < 100_000; i++)
        {
            var number = (random.NextDouble() - 0.5) * Math.Pow(10, random.NextBelow(12) - 5);
            var text = number.ToString(random.NextBelow(3) switch { 0 => "F3", 1 => "G7", _ => "R" }, CultureInfo.InvariantCulture);
            Assert.True(NumberText.TryParse(Text(text), out var value));
            var expected = float.Parse(text, CultureInfo.InvariantCulture);
            Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(value));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1.2.3")]
    [InlineData("1e")]
    [InlineData("0x10")]
    [InlineData("1 2")]
    [InlineData("1,5")]
    [InlineData("NaN")]
    [InlineData("1e39")]
    public void NumberText_NoFiniteNumber_IsRefused(string text) => Assert.False(NumberText.TryParse(Text(text), out _));

    private SampleStore Import(string csv) =>
        files.ImportAndOpen(new DatasetImportOptions { Format = DatasetFormat.Csv }, (DatasetFileRole.Train, Text(csv)));

    private static float[][] Rows(SampleStore store)
    {
        var rows = new float[store.Rows][];
        for (var row = 0; row < rows.Length; row++)
        {
            rows[row] = new float[store.Features];
            store.ReadRow(row, rows[row]);
        }

        return rows;
    }
}
