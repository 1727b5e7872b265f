using System.Xml.Linq;

namespace SparseService.Cli.Tests;

/// <summary>Asks a feed of the test's own for the optional packages, in a copy of the sources.</summary>
public sealed class OptionalPartsTests : IDisposable
{
    private static readonly string[] OfOptionalParts = ["hangfire.", "ilgpu", "newtonsoft.json"];

    private readonly SourceCopy sources = new();

    public OptionalPartsTests()
    {
        Directory.CreateDirectory(sources["feed"]);
        WriteFeeds("feed");
    }

    public void Dispose() => sources.Dispose();

    [Fact]
    public async Task Ask_AFeedWithoutThePackages_SaysWhatIsLeftOutAndWhyAndRemembers()
    {
        var first = await AskAsync();
        var asked = Directory.GetLastWriteTimeUtc(Answer("Hangfire"));
        var second = await AskAsync();

        Assert.Equal(2, first.Length);
        const string Why = "its packages do not restore (NU1101: Unable to find package";
        Assert.StartsWith($"Left out: Hangfire, {Why} Hangfire.", first[0], StringComparison.Ordinal);
        Assert.StartsWith($"Left out: Ilgpu, {Why} ILGPU.", first[1], StringComparison.Ordinal);
        Assert.Equal("false", Property("Hangfire", "Hangfire"));
        Assert.Equal(first, second);
        Assert.Equal(asked, Directory.GetLastWriteTimeUtc(Answer("Hangfire")));
    }

    [Fact]
    public async Task Ask_AfterAChange_AsksAgain()
    {
        await AskAsync();
        var before = Property("Hangfire", "AskedFor");
        var versions = Path.Combine(sources.Root, "Directory.Packages.props");
        var text = await File.ReadAllTextAsync(versions, Cancellation);
        await File.WriteAllTextAsync(versions, text.Replace("1.8.25", "1.8.24", StringComparison.Ordinal), Cancellation);
        await AskAsync();
        var withVersion = Property("Hangfire", "AskedFor");
        Directory.CreateDirectory(sources["another feed"]);
        WriteFeeds("another feed");
        await AskAsync();

        Assert.Equal(3, new[] { before, withVersion, Property("Hangfire", "AskedFor") }.Distinct().Count());
    }

    [Fact]
    public async Task Ask_WhoIsTold_AsksNobody()
    {
        var said = await AskAsync(("Hangfire", "true"), ("Ilgpu", "false"));

        Assert.StartsWith("Left out: Ilgpu, as -p:Ilgpu=false says", Assert.Single(said), StringComparison.Ordinal);
        Assert.False(File.Exists(Answer("Hangfire")) || File.Exists(Answer("Ilgpu")));
    }

    [Fact]
    public async Task Ask_AFeedThatDoesNotAnswerInTime_LeavesTheirPartsOut()
    {
        var said = await AskAsync(("Seconds", "0.05"));

        Assert.Equal(2, said.Length);
        Assert.All(said, line => Assert.Contains("did not restore in 0.05 s", line, StringComparison.Ordinal));
    }

    [Fact, Trait("Size", "Long")]
    public async Task EntryScript_AFeedWithoutThePackages_BuildsWithoutThem()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The entry script for Windows is another one.");
        await FillFeedAsync();

        var help = await Started.RunAsync(Path.Combine(sources.Root, "sparse"), ["--help"], variables: Variables());

        Assert.True(help.ExitCode == 0, help.Output);
        Assert.Single(Said(help), line => line.StartsWith("Left out: Hangfire, ", StringComparison.Ordinal));
        Assert.Single(Said(help), line => line.StartsWith("Left out: Ilgpu, ", StringComparison.Ordinal));
        var log = await File.ReadAllTextAsync(Path.Combine(sources.Root, "artifacts", "sparse.log"), Cancellation);
        Assert.DoesNotContain("warning", log, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(sources.Root, "artifacts", "bin", "Cli", "release"), "Hangfire.*.dll"));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<string[]> AskAsync(params (string Name, string Value)[] told)
    {
        string[] ask = ["msbuild", "tools/Optional/Optional.proj", "-nologo", "-v:m", "-nodeReuse:false"];
        var asked = await Started.RunAsync(SparseProcess.Dotnet(), ask, sources.Root, Variables(told));
        Assert.True(asked.ExitCode == 0, asked.Output);
        return Said(asked);
    }

    private static string[] Said(Started program) =>
        program.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    // A user of nobody's: neither settings nor packages of whoever runs the tests.
    private Dictionary<string, string?> Variables(params (string Name, string Value)[] told)
    {
        var variables = new Dictionary<string, string?>
        {
            ["HOME"] = sources["home"],
            ["DOTNET_CLI_HOME"] = sources["home"],
            ["NUGET_PACKAGES"] = sources["packages"],
            ["Hangfire"] = null,
            ["Ilgpu"] = null,
        };
        foreach (var (name, value) in told)
        {
            variables[name] = value;
        }

        return variables;
    }

    private void WriteFeeds(string folder)
    {
        var settings = Directory.CreateDirectory(Path.Combine(sources["home"], ".nuget", "NuGet")).FullName;
        File.WriteAllText(
            Path.Combine(settings, "NuGet.Config"),
            $"<configuration><packageSources><clear /><add key=\"own\" value=\"{sources[folder]}\" /></packageSources></configuration>");
    }

    // All that was ever restored here, as a feed, except for what the optional parts bring.
    private async Task FillFeedAsync()
    {
        var located = await Started.RunAsync(SparseProcess.Dotnet(), ["nuget", "locals", "global-packages", "--list"]);
        var packages = located.Output.Split(": ", 2)[1].Trim();
        foreach (var package in Directory.EnumerateDirectories(packages))
        {
            var name = Path.GetFileName(package);
            if (!OfOptionalParts.Any(part => name.StartsWith(part, StringComparison.OrdinalIgnoreCase)))
            {
                Directory.CreateSymbolicLink(Path.Combine(sources["feed"], name), package);
            }
        }
    }

    private string Answer(string part) => Path.Combine(sources.Root, "artifacts", "optional", $"{part}.props");

    private string Property(string part, string name) => XDocument.Load(Answer(part)).Descendants(name).Single().Value;
}
