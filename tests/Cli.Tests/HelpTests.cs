namespace SparseService.Cli.Tests;

public class HelpTests
{
    [Fact]
    public async Task Sparse_WithoutArguments_ShowsTheVerbs()
    {
        var help = await SparseProcess.RunAsync();

        Assert.Equal(0, help.ExitCode);
        Assert.All(
            ["demo", "serve", "worker", "train", "test", "bench", "package", "login", "datasets", "runs", "models", "topology", "workers"],
            verb => Assert.Contains($"  {verb} ", help.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("serve")]
    [InlineData("worker")]
    [InlineData("train")]
    [InlineData("test")]
    [InlineData("bench")]
    [InlineData("bench", "train-vs-torch")]
    [InlineData("bench", "train-vs-scipy")]
    [InlineData("bench", "accuracy")]
    [InlineData("bench", "readme")]
    [InlineData("bench", "density-sweep")]
    [InlineData("bench", "width-sweep")]
    [InlineData("bench", "steps")]
    [InlineData("bench", "threads")]
    [InlineData("bench", "memory")]
    [InlineData("bench", "scale")]
    [InlineData("bench", "kernels")]
    [InlineData("bench", "live-latency")]
    public async Task Help_OfEachVerb_ShowsExamples(params string[] verb)
    {
        var help = await SparseProcess.RunAsync([.. verb, "--help"]);

        Assert.Equal((0, ""), (help.ExitCode, help.Errors));
        Assert.Contains($"Examples:\n  ./sparse {string.Join(' ', verb)}", help.Output, StringComparison.Ordinal);
    }
}
