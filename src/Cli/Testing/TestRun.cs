using System.Xml;
using System.Xml.Linq;
using SparseService.Cli.Machine;

namespace SparseService.Cli.Testing;

/// <summary>What one start of a test program reported.</summary>
/// <param name="Failed">Failed tests, faults outside of tests, and 1 for a program that crashed.</param>
/// <param name="Faults">Each failure in full.</param>
/// <param name="Skips">Each skipped test with its reason.</param>
internal sealed record TestRun(
    string Name, TimeSpan Duration, int Passed, int Failed, int Skipped, IReadOnlyList<string> Faults, IReadOnlyList<string> Skips)
{
    public static TestRun Crashed(string name, TimeSpan duration, string why) => new(name, duration, 0, 1, 0, [why], []);

    /// <summary>Believes the report, not the console; and the exit code where the report says that all is well.</summary>
    public static TestRun Read(string name, TimeSpan duration, string report, ChildProcess process)
    {
        if (process.ExitCode is null)
        {
            return Crashed(name, duration, $"The test program did not end in {duration.TotalMinutes:0} minutes.\n{process.Tail()}");
        }

        XElement root;
        try
        {
            root = XElement.Load(report);
        }
        catch (Exception fault) when (fault is IOException or XmlException)
        {
            return Crashed(name, duration, $"The test program ended with {process.ExitCode} and left no report.\n{process.Tail()}");
        }

        var tests = root.Descendants("test").ToList();
        var faults = tests.Where(test => Result(test) == "Fail").Select(Describe)
            .Concat(root.Descendants("error").Select(Describe)).ToList();
        if (process.ExitCode != 0 && faults.Count == 0)
        {
            faults.Add($"The test program ended with {process.ExitCode} though no test failed.\n{process.Tail()}");
        }

        var skipped = tests.Where(test => Result(test) is "Skip" or "NotRun").ToList();
        var skips = skipped.Select(
            test => $"{test.Attribute("name")?.Value}: {test.Element("reason")?.Value.Trim() ?? "no reason given"}");
        return new TestRun(name, duration, tests.Count(test => Result(test) == "Pass"), faults.Count, skipped.Count, faults, [.. skips]);
    }

    public void Print()
    {
        Console.WriteLine($"{Name,-44} {Passed,6} passed {Failed,4} failed {Skipped,4} skipped {Duration.TotalSeconds,7:0.0} s");
        foreach (var skip in Skips)
        {
            Console.WriteLine($"    skipped {skip}");
        }

        foreach (var fault in Faults)
        {
            Console.WriteLine();
            Console.WriteLine($"    {fault.ReplaceLineEndings("\n    ")}");
            Console.WriteLine();
        }
    }

    private static string? Result(XElement test) => test.Attribute("result")?.Value;

    private static string Describe(XElement element)
    {
        var name = element.Attribute("name")?.Value ?? element.Attribute("type")?.Value ?? "outside of any test";
        var output = element.Element("output")?.Value;
        string?[] parts =
        [
            $"FAILED {name}", element.Descendants("message").FirstOrDefault()?.Value,
            element.Descendants("stack-trace").FirstOrDefault()?.Value, string.IsNullOrWhiteSpace(output) ? null : $"Output:\n{output}",
        ];
        return string.Join("\n", parts.OfType<string>().Select(part => part.Trim()));
    }
}
