namespace SparseService.Dashboard.Tests;

// The page's own unit tests are TypeScript: `./sparse test` runs them beside these.
public sealed class PackageTests
{
    [Fact]
    public void LockFile_AsCommitted_NamesNoRegistry()
    {
        var lockFile = File.ReadAllText(Path.Combine(BuiltPage.Sources, "package-lock.json"));
        Assert.DoesNotContain("\"resolved\"", lockFile);
    }
}
