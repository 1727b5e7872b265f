namespace SparseService.Dashboard.Tests;

public sealed class PageUnitTests
{
    [Fact]
    public async Task NpmTest_OfThePage_Passes()
    {
        await BuiltPage.RequireAsync(); // Installs the packages.
        var fault = await BuiltPage.NpmAsync("test");
        Assert.True(fault is null, fault);
    }

    [Fact]
    public void LockFile_AsCommitted_NamesNoRegistry()
    {
        var lockFile = File.ReadAllText(Path.Combine(BuiltPage.Sources, "package-lock.json"));
        Assert.DoesNotContain("\"resolved\"", lockFile);
    }
}
