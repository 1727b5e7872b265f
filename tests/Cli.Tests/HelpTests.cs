using SparseService.Client.Verbs;

namespace SparseService.Cli.Tests;

public class HelpTests
{
    [Fact]
    public async Task Sparse_WithoutArguments_ShowsTheVerbs()
    {
        var help = await SparseProcess.RunAsync();

        Assert.Equal(0, help.ExitCode);
        Assert.All(
            [
                "demo", "serve", "worker", "train", "partition", "challenge", "test", "bench", "package", "ptx",
                "login", "datasets", "runs", "models", "topology", "workers",
            ],
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
    [InlineData("bench", "scaling")]
    [InlineData("bench", "kernels")]
    [InlineData("bench", "live-latency")]
    [InlineData("bench", "partition")]
    [InlineData("bench", "partition-aware")]
    [InlineData("bench", "challenge")]
    [InlineData("partition")]
    [InlineData("challenge")]
    [InlineData("package")]
    [InlineData("ptx")]
    public async Task Help_OfEachVerb_ShowsExamples(params string[] verb)
    {
        var help = await SparseProcess.RunAsync([.. verb, "--help"]);

        Assert.Equal((0, ""), (help.ExitCode, help.Errors));
        Assert.Contains($"Examples:\n  ./sparse {string.Join(' ', verb)}", help.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("login")]
    [InlineData("logout")]
    [InlineData("datasets", "push")]
    [InlineData("datasets", "list")]
    [InlineData("datasets", "show")]
    [InlineData("datasets", "rm")]
    [InlineData("runs", "submit")]
    [InlineData("runs", "list")]
    [InlineData("runs", "show")]
    [InlineData("runs", "watch")]
    [InlineData("runs", "wait")]
    [InlineData("runs", "cancel")]
    [InlineData("runs", "pause")]
    [InlineData("runs", "resume")]
    [InlineData("runs", "fork")]
    [InlineData("runs", "events")]
    [InlineData("runs", "metrics")]
    [InlineData("runs", "rm")]
    [InlineData("models", "list")]
    [InlineData("models", "pull")]
    [InlineData("models", "predict")]
    [InlineData("topology", "preview")]
    [InlineData("topology", "partition")]
    [InlineData("workers")]
    [InlineData("completion")]
    public void Help_OfEachClientVerb_ShowsExamplesThatParse(params string[] words)
    {
        var root = new System.CommandLine.RootCommand();
        foreach (var command in ServiceVerbs.All())
        {
            root.Add(command);
        }

        var verb = Assert.IsAssignableFrom<Verb>(root.Parse(words).CommandResult.Command);
        Assert.Equal(words[^1], verb.Name);
        Assert.NotEmpty(verb.Examples);
        foreach (var example in verb.Examples.SelectMany(
            example => example.Split(" | ")).Where(part => part.StartsWith("./sparse ", StringComparison.Ordinal)))
        {
            var line = example["./sparse ".Length..].Split(" < ")[0].Split(" > ")[0];
            var parsed = root.Parse(System.CommandLine.Parsing.CommandLineParser.SplitCommandLine(line).ToArray());
            Assert.True(parsed.Errors.Count == 0, $"{example}: {string.Join("; ", parsed.Errors)}");
        }
    }

    [Fact]
    public void ExitCodes_InTheDocumentation_AreThoseOfTheProgram()
    {
        var page = File.ReadAllText(Path.Combine(SourceCopy.Origin, "docs", "cli.md"));

        Assert.All(ExitCode.Table, code => Assert.Contains($"\n| {code.Code} | ", page, StringComparison.Ordinal));
    }
}
