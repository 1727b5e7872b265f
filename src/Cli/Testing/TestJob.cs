using System.Diagnostics;
using SparseService.Cli.Machine;

namespace SparseService.Cli.Testing;

/// <summary>One start of one test program.</summary>
/// <param name="Name">Shown to people.</param>
/// <param name="Program">Path of the test assembly.</param>
/// <param name="Variables">Added to the environment.</param>
/// <param name="Namespaces">Only these, when given; a trailing star matches the rest.</param>
internal sealed record TestJob(
    string Name, string Program, IReadOnlyDictionary<string, string?> Variables, IReadOnlyList<string> Namespaces)
{
    // A project that hangs must not hide the others' results.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(25);

    private static readonly TimeSpan LimitWithLongTests = TimeSpan.FromHours(2);

    // The kernels have a body per instruction set; each run takes the next one away.
    private static readonly string[] Switches = ["DOTNET_EnableAVX512", "DOTNET_EnableAVX2", "DOTNET_EnableHWIntrinsic"];

    // What depends on the instruction set. The rest of the engine runs once.
    private static readonly string[] Vectorised = ["Kernels*", "Elementwise*", "Topology*"];

    /// <summary>Every test project once, and the engine's kernels once more for each instruction set less.</summary>
    public static IEnumerable<TestJob> Plan(string root)
    {
        var none = new Dictionary<string, string?>();
        foreach (var folder in Directory.EnumerateDirectories(Path.Combine(root, "tests"), "*.Tests").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(folder);
            yield return new TestJob(name, ProgramOf(root, name), none, []);
        }

        var namespaces = Vectorised.Select(part => $"SparseService.Engine.Tests.{part}").ToArray();
        foreach (var variable in Switches)
        {
            // A folder without drivers: what runs on a device does not depend on .NET's instruction sets.
            var off = new Dictionary<string, string?> { [variable] = "0", ["OCL_ICD_VENDORS"] = Path.Combine(root, "tests") };
            yield return new TestJob($"Engine.Tests, {variable}=0", ProgramOf(root, "Engine.Tests"), off, namespaces);
        }
    }

    public async Task<TestRun> RunAsync(bool all, string? filter, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        if (!File.Exists(Program))
        {
            return TestRun.Crashed(Name, watch.Elapsed, $"{Program} was not built: is the project part of SparseService.sln?");
        }

        using var folder = new TemporaryFolder();
        var report = Path.Combine(folder.Path, "report.xml");
        var limit = all ? LimitWithLongTests : Limit;
        var process = await ChildProcess.RunAsync(
            Programs.Dotnet, Arguments(report, all, filter), cancellationToken, variables: Variables, limit: limit);
        return TestRun.Read(Name, watch.Elapsed, report, process);
    }

    private List<string> Arguments(string report, bool all, string? filter)
    {
        List<string> arguments = [Program, "-noLogo", "-noColor", "-xml", report];
        if (!all)
        {
            arguments.AddRange(["-trait-", "Size=Long"]);
        }

        if (filter is not null)
        {
            arguments.AddRange(["-method", $"*{filter}*"]);
        }

        foreach (var name in Namespaces)
        {
            arguments.AddRange(["-namespace", name]);
        }

        return arguments;
    }

    private static string ProgramOf(string root, string project) =>
        Path.Combine(root, "artifacts", "bin", project, "release", $"SparseService.{project}.dll");
}
