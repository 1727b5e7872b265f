using System.Buffers.Binary;

namespace SparseService.Cli.Tests;

public sealed class ChallengeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sparse-challenge-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // Rules about several options together ask for their values, also for one that is no number.
    [Theory]
    [InlineData("--neurons is 0; allowed: a whole number of at least 1", "challenge", "--neurons", "0")]
    [InlineData("--neurons is 1000; allowed: 1024, 4096, 16384, 65536", "challenge", "--neurons", "1000")]
    [InlineData("--layers is many; allowed: a whole number of at least 1", "challenge", "--layers", "many", "--read", "tsv")]
    [InlineData("--epochs is 0; allowed: a whole number of at least 1", "train", "spec.json", "--resume", "a.checkpoint", "--epochs", "0")]
    [InlineData("--rows is 0; allowed: a whole number of at least 1", "models", "predict", "glyphs", "--rows", "0")]
    public async Task Verb_NumberThatCannotBe_SaysWhatIsAllowed(string expected, params string[] arguments)
    {
        var refused = await SparseProcess.RunAsync(arguments);

        Assert.Equal((5, ""), (refused.ExitCode, refused.Output));
        Assert.Contains(expected, refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_BackendOfTheEnvironmentThatIsNone_SaysWhatIsAllowed()
    {
        var spec = Path.Combine(SourceCopy.Origin, "deploy", "examples", "glyphs.json");

        var refused = await SparseProcess.RunAsync(["train", spec], _ => false, "SPARSE_BACKEND=fast");

        Assert.Equal((5, ""), (refused.ExitCode, refused.Output));
        Assert.StartsWith("Backend SPARSE_BACKEND is 'fast'; allowed: reference, simd, ", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Challenge_ImagesThatHaveNoTransform_SaysHowManyAreAllowed()
    {
        const int Images = 11;
        var file = new byte[16 + (Images * 28 * 28)];
        foreach (var (at, number) in new[] { 0x803, Images, 28, 28 }.Index())
        {
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(at * sizeof(int)), number);
        }

        await File.WriteAllBytesAsync(
            Path.Combine(folder, "train-images-idx3-ubyte"), file, TestContext.Current.CancellationToken);

        var refused = await SparseProcess.RunAsync("challenge", "--layers", "1", "--data", folder);

        Assert.Equal((5, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("has 11 images; allowed: 1 to 60000, a product of 2, 3, 5 and 7", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Challenge_WhatTheJudgeDoesNotTake_IsSaid()
    {
        string[] files = ["--layers", "1", "--inputs", "20"];
        Assert.Equal(0, (await SparseProcess.RunAsync(["challenge", .. files, "--write", folder])).ExitCode);
        var layer = Path.Combine(folder, "neuron1024", "n1024-l1.tsv");
        var lines = await File.ReadAllLinesAsync(layer, TestContext.Current.CancellationToken);
        lines[0] = lines[0][..(lines[0].LastIndexOf('\t') + 1)] + "0.1";
        await File.WriteAllLinesAsync(layer, lines, TestContext.Current.CancellationToken);

        var refused = await SparseProcess.RunAsync(["challenge", .. files, "--read", folder]);

        Assert.Equal((5, ""), (refused.ExitCode, refused.Output));
        Assert.Contains(
            "--no-check leaves it out): A weight is 0.1; allowed: multiples of 2^-20", refused.Errors, StringComparison.Ordinal);
    }
}
