namespace SparseService.Cli.Tests;

[Trait("Size", "Long")]
public class EntryScriptTests
{
    [Fact]
    public async Task EntryScript_TwiceAtOnceInPathWithBlanks_BuildsOnce()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The entry script for Windows is another one.");
        using var sources = new SourceCopy();
        var script = Path.Combine(sources.Root, "sparse");

        var starts = await Task.WhenAll(Started.RunAsync(script, ["--help"]), Started.RunAsync(script, ["--help"]));
        var third = await Started.RunAsync(script, ["--help"]);

        Assert.All(starts, start => Assert.True(start.ExitCode == 0, start.Output));
        Assert.Single(starts, start => start.Output.Contains("Building", StringComparison.Ordinal));
        Assert.Equal(0, third.ExitCode);
        Assert.DoesNotContain("Building", third.Output, StringComparison.Ordinal);
    }
}
