using System.Security.Cryptography;
using System.Text;
using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Inference;
using SparseService.Engine.Inference.Challenge;

namespace SparseService.Engine.Tests.Formats;

public class ChallengeTsvTests
{
    // SHA-256 of files whose MD5 is that of the official ones: 0320667c2613120c1fc33287c771d4b5, 893d7dc32894cc8821afdbccb64970c4,
    // e60031347e3d60a1581779a2d027fbf2.
    [Theory]
    [InlineData(1, "48f8c5363f7f6579b4a186b0d03a27b13d5d9e3e41e17af884569d754248903a")]
    [InlineData(7, "2c63b12ddca93f266438c44210bc333cdc975f25df2b5886455ef52d6e41331d")]
    [InlineData(120, "c37c426fefe34411c1e98352d6d59921cffaf84a2421b8ed2a0576b72d47c73e")]
    public void WriteLayer_Official_IsTheOfficialFile(int layer, string hash)
    {
        using var made = new ChallengeNetwork(1024, layer).Make().Last();
        using var file = new MemoryStream();
        ChallengeTsv.WriteLayer(file, made);

        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(file.ToArray())));
    }

    [Fact]
    public void ReadLayer_OfWhatWasWritten_IsTheSameLayer()
    {
        using var made = new ChallengeNetwork(1024, 1, ChallengeKind.Random).Make().Single();
        using var file = new MemoryStream();
        ChallengeTsv.WriteLayer(file, made);
        file.Position = 0;

        using var read = ChallengeTsv.ReadLayer(file, 1024, made.Bias[0], made.Cap);

        Assert.Equal(made.Offsets.ToArray(), read.Offsets.ToArray());
        Assert.Equal(made.Places.ToArray(), read.Places.ToArray());
        Assert.Equal(made.Values.ToArray(), read.Values.ToArray());
        Assert.Equal(made.Bias.ToArray(), read.Bias.ToArray());
    }

    [Fact]
    public void ReadLayer_LinesInAnyOrder_AreSorted()
    {
        using var layer = ChallengeTsv.ReadLayer(Text("3\t2\t5e-1\n1\t2\t0.25\n2\t1\t1\n"), 3, -1, 32);
        Assert.Equal([0, 1, 3, 3], layer.Offsets.ToArray());
        Assert.Equal([1, 0, 2], layer.Places.ToArray());
        Assert.Equal([1, 0.25f, 0.5f], layer.Values.ToArray());
    }

    [Theory]
    [InlineData("1\t4\t1\n", "output", "4")]
    [InlineData("0\t1\t1\n", "input", "0")]
    [InlineData("1\t1\tx\n", "weight", "x")]
    [InlineData("1\t1\n", "weight", "")]
    [InlineData("1.5\t1\t1\n", "input", "1.5")]
    [InlineData("1\t1\t1\n1\t1\t2\n", "twice", "1 1")]
    public void ReadLayer_DamagedFile_NamesTheFault(string text, string what, string value)
    {
        var fault = Assert.Throws<DatasetFormatException>(() => ChallengeTsv.ReadLayer(Text(text), 3, -1, 32));
        Assert.Contains(what, fault.Message, StringComparison.Ordinal);
        Assert.Contains(value, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void InputsAndCategories_OfWhatWasWritten_AreTheSame()
    {
        var inputs = GeneratedInputs.Of(5, 128, seed: 1);
        using var file = new MemoryStream();
        ChallengeTsv.WriteInputs(file, inputs);
        file.Position = 0;
        Assert.Equal(inputs.Words, ChallengeTsv.ReadInputs(file, 5, 128).Words);

        using var categories = new MemoryStream();
        ChallengeTsv.WriteCategories(categories, [0, 7, 59_999]);
        Assert.Equal("1\n8\n60000\n", Encoding.ASCII.GetString(categories.ToArray()));
        categories.Position = 0;
        Assert.Equal([0, 7, 59_999], ChallengeTsv.ReadCategories(categories, 60_000));
        Assert.Throws<DatasetFormatException>(() => ChallengeTsv.ReadCategories(Text("60001\n"), 60_000));
        Assert.Throws<DatasetFormatException>(() => ChallengeTsv.ReadInputs(Text("1\t1\t0.5\n"), 5, 128));
    }

    private static MemoryStream Text(string text) => new(Encoding.UTF8.GetBytes(text));
}
