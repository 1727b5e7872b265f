using SparseService.Persistence.Entities;

namespace SparseService.Cli.Tests.Client;

public sealed class LoginTests(SharedHost shared) : IDisposable
{
    private readonly LiveHost service = shared.Host;
    private readonly Desk desk = new();

    public void Dispose() => desk.Dispose();

    [Fact]
    public async Task Login_KeyFromStandardInput_StoresItForTheOwnerOnly()
    {
        var said = (await LoginAsync(service.Key)).Expect(0);

        Assert.Contains("(admin)", said.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(service.Key, said.Output + said.Errors, StringComparison.Ordinal);
        (await desk.RunAsync("runs", "list")).Expect(0);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(desk["config/sparse/services.json"]));
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(desk["config/sparse"]));
        }
    }

    [Fact]
    public async Task Login_WrongKey_Returns6AndStoresNothing()
    {
        var said = (await LoginAsync("sk_0123abcd_" + new string('y', 43))).Expect(6);

        Assert.DoesNotContain("yyy", said.Output + said.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(desk["config/sparse/services.json"]));
        (await LoginAsync("")).Expect(5);
    }

    [Theory]
    [InlineData("login", "http://127.0.0.1:5230", "--key", "sk_0123abcd_zzzzzzzz")]
    [InlineData("runs", "list", "--key=sk_0123abcd_zzzzzzzz")]
    [InlineData("runs", "sk_0123abcd_zzzzzzzz")]
    [InlineData("login", "http://127.0.0.1:5230/?key=sk_0123abcd_zzzzzzzz")]
    [InlineData("login", "http://user:zzzzzzzz@127.0.0.1:5230/")]
    public async Task Key_OnTheCommandLine_IsRefusedAndNotRepeated(params string[] arguments)
    {
        var said = (await desk.RunAsync(arguments)).Expect(5);

        Assert.DoesNotContain("zzz", said.Output + said.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_LinkThatTheServicePrinted_WorksOnce()
    {
        var link = service.CreateStartUpLink();

        (await desk.RunAsync("login", link)).Expect(0);
        (await desk.RunAsync("runs", "list")).Expect(0);

        var again = (await desk.RunAsync("login", link)).Expect(6);
        Assert.Contains("used before", again.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(link.Split('=')[1], again.Output + again.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Profiles_TwoServices_AreChosenByNameAndForgotten()
    {
        var viewer = await service.CreateKeyAsync(ApiRole.Viewer);
        (await LoginAsync(service.Key, "--profile", "boss")).Expect(0);
        (await LoginAsync(viewer, "--profile", "guest")).Expect(0);
        var spec = desk.WriteSpec();

        (await desk.RunAsync("runs", "submit", spec)).Expect(6);
        (await desk.RunAsync("runs", "submit", spec, "--profile", "boss")).Expect(0);
        (await desk.RunAsync("login", "--use", "boss")).Expect(0);
        (await desk.RunAsync("runs", "submit", spec)).Expect(0);
        var list = (await desk.RunAsync("login", "--list")).Expect(0);
        Assert.Contains("*  boss", list.Output, StringComparison.Ordinal);

        (await desk.RunAsync("logout")).Expect(0);
        Assert.DoesNotContain(service.Key, File.ReadAllText(desk["config/sparse/services.json"]), StringComparison.Ordinal);
        Assert.Contains("guest", (await desk.RunAsync("runs", "list", "--profile", "boss")).Expect(5).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StoredKey_OtherAddressInTheEnvironment_IsNotSentThere()
    {
        (await LoginAsync(service.Key)).Expect(0);
        desk.Variables["SPARSE_URL"] = $"http://127.0.0.1:{LiveHost.FreePort()}";

        var said = (await desk.RunAsync("runs", "list")).Expect(6);

        Assert.Contains("There is no key for", said.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Environment_UrlAndKey_ComeBeforeTheStored()
    {
        (await LoginAsync(await service.CreateKeyAsync(ApiRole.Viewer))).Expect(0);
        desk.Variables["SPARSE_KEY"] = service.Key;

        (await desk.RunAsync("runs", "submit", desk.WriteSpec())).Expect(0);
    }

    [Fact]
    public async Task Anything_NotSignedIn_Returns6AndSaysHow() =>
        Assert.Contains("sparse login", (await desk.RunAsync("workers")).Expect(6).Errors, StringComparison.Ordinal);

    private Task<Said> LoginAsync(string key, params string[] more) => desk.RunAsync(["login", service.Address, .. more], key + "\n");
}
