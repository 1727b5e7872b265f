using System.Xml.Linq;

namespace SparseService.Tidy.Tests;

/// <summary>Who may know whom (docs/architecture.md).</summary>
public class ProjectRules
{
    // References only go down, and each project may name only the one below it.
    private static readonly Dictionary<string, string[]> AllowedEdges = new()
    {
        ["Engine"] = [],
        ["Engine.Ilgpu"] = ["Engine"],
        ["Persistence"] = ["Engine"],
        ["Jobs"] = ["Persistence", "Engine"],
        ["Jobs.Hangfire"] = ["Jobs", "Persistence", "Engine"],
        ["Api"] = ["Jobs", "Persistence", "Engine"],
        ["Client"] = ["Engine"],
        ["DeviceCheck"] = ["Engine", "Engine.Ilgpu"],
        ["Cli"] = ["Api", "Client", "Jobs.Hangfire", "Jobs", "Persistence", "Engine", "Engine.Ilgpu"],
    };

    private static readonly string[] NumericPackages = ["System.Numerics.Tensors"];

    public static TheoryData<string> Projects => [.. SourceTree.TextFiles.Where(IsProject)];

    [Theory, MemberData(nameof(Projects))]
    public void ProjectReferences_OfSources_GoDown(string path)
    {
        if (!path.StartsWith("src/", StringComparison.Ordinal))
        {
            return;
        }

        var name = Path.GetFileNameWithoutExtension(path);
        Assert.True(AllowedEdges.TryGetValue(name, out var allowed), $"{path} is new: say in this test what it may reference.");
        Rule.HasNoFaults(Includes(path, "ProjectReference").Select(edge => Path.GetFileNameWithoutExtension(edge)).Except(allowed!));
    }

    [Theory, MemberData(nameof(Projects))]
    public void Solution_Always_HoldsEveryProject(string path) =>
        Assert.Contains($"\"{path.Replace('/', '\\')}\"", SourceTree.Read("SparseService.sln"), StringComparison.Ordinal);

    [Theory, MemberData(nameof(Projects))]
    public void PackageVersions_OfProjects_StandInOnePlace(string path) =>
        Assert.DoesNotContain(
            XDocument.Parse(SourceTree.Read(path)).Descendants("PackageReference"), package => package.Attribute("Version") is not null);

    [Fact]
    public void Engine_Always_ReferencesOnlyNumericPackages()
    {
        Rule.HasNoFaults(Includes("src/Engine/Engine.csproj", "PackageReference").Except(NumericPackages));
        Rule.HasNoFaults(Includes("src/Engine/Engine.csproj", "FrameworkReference"));
    }

    // Projects under tools stand alone on purpose: what they reference must not reach the solution.
    private static bool IsProject(string path) =>
        path.EndsWith(".csproj", StringComparison.Ordinal) && !path.StartsWith("tools/", StringComparison.Ordinal);

    private static IEnumerable<string> Includes(string path, string element) =>
        XDocument.Parse(SourceTree.Read(path)).Descendants(element).Select(item => item.Attribute("Include")!.Value.Replace('\\', '/'));
}
