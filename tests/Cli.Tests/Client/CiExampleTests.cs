using System.Text.RegularExpressions;

namespace SparseService.Cli.Tests.Client;

/// <summary>The examples beside deploy/ci/train.sh: they parse, and everything that they use is said or set.</summary>
public partial class CiExampleTests
{
    private static readonly string Folder = Path.Combine(SourceCopy.Origin, "deploy", "ci");

    // What the systems themselves define.
    private static readonly string[] Given = ["HOME", "GITHUB_PATH", "CI_PIPELINE_ID"];

    public static TheoryData<string> Examples => ["github-actions.yml", "gitlab-ci.yml"];

    [Theory, MemberData(nameof(Examples))]
    public void Example_EveryVariable_IsExplainedOrSet(string example)
    {
        var text = File.ReadAllText(Path.Combine(Folder, example));
        var comment = string.Join('\n', text.Split('\n').TakeWhile(line => line.StartsWith('#')));
        var explained = Words().Matches(comment).Select(word => word.Value).ToHashSet();
        var set = Assignment().Matches(text).Select(match => match.Groups["name"].Value).ToHashSet();

        var used = Shell().Matches(text).Select(match => match.Groups["name"].Value);
        Assert.All(used, name => Assert.True(Given.Contains(name) || set.Contains(name) || explained.Contains(name), name));
        var contexts = Context().Matches(text).Select(match => match.Groups["name"].Value);
        Assert.All(contexts, name => Assert.Contains(name, explained));
    }

    [Theory, MemberData(nameof(Examples))]
    public void Example_WhatItSets_TheScriptKnows(string example)
    {
        var script = File.ReadAllText(Path.Combine(Folder, "train.sh"));
        var header = string.Join('\n', script.Split('\n').TakeWhile(line => line.StartsWith('#')));
        var set = Assignment().Matches(File.ReadAllText(Path.Combine(Folder, example))).Select(match => match.Groups["name"].Value)
            .Where(name => !name.StartsWith("SPARSE_CLIENT", StringComparison.Ordinal));

        Assert.All(set, name => Assert.Contains(name, header, StringComparison.Ordinal));
        var explained = Words().Matches(header).Select(word => word.Value);
        Assert.All(explained, name => Assert.Contains($"${{{name}:", script, StringComparison.Ordinal));
    }

    [Fact]
    public void Examples_AsYaml_HaveTheStepsOfTheirSystems()
    {
        var check = Started.Run(
            "python3", "-c",
            """
            import sys
            try:
                import yaml
            except ImportError:
                sys.exit(77)
            folder = sys.argv[1]
            github = yaml.safe_load(open(folder + "/github-actions.yml"))
            assert set(github) == {"name", True, "permissions", "jobs"}, github.keys()
            job = github["jobs"]["train"]
            assert set(job) == {"runs-on", "timeout-minutes", "steps"}, job.keys()
            for step in job["steps"]:
                assert step["name"] and ("uses" in step) != ("run" in step), step
                assert set(step) <= {"name", "uses", "with", "env", "run", "if"}, step
            assert [step["run"] for step in job["steps"] if "train.sh" in step.get("run", "")] == ["sh train.sh"]
            gitlab = yaml.safe_load(open(folder + "/gitlab-ci.yml"))
            assert set(gitlab) == {"stages", "train"} and gitlab["train"]["stage"] in gitlab["stages"]
            assert gitlab["train"]["script"] == ["sh train.sh"]
            assert all(isinstance(line, str) for line in gitlab["train"]["before_script"] + gitlab["train"]["script"])
            assert all(isinstance(value, str) for value in gitlab["train"]["variables"].values())
            assert gitlab["train"]["allow_failure"]["exit_codes"] == [3]
            """,
            Folder);

        Assert.SkipWhen(check.ExitCode == 77, "python3 has no yaml module (Debian: apt-get install python3-yaml)");
        Assert.True(check.ExitCode == 0, check.Output);
    }

    [GeneratedRegex(@"\bSPARSE_[A-Z0-9_]+")]
    private static partial Regex Words();

    [GeneratedRegex(@"^ +(?<name>[A-Z][A-Z0-9_]+):", RegexOptions.Multiline)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\$(?<name>[A-Z][A-Z0-9_]+)")]
    private static partial Regex Shell();

    [GeneratedRegex(@"\$\{\{ (vars|secrets)\.(?<name>\w+) \}\}")]
    private static partial Regex Context();
}
