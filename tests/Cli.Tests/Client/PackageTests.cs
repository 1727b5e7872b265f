namespace SparseService.Cli.Tests.Client;

/// <summary>What <c>./sparse package</c> makes, installed and used where there is no checkout.</summary>
[Trait("Size", "Long")]
public sealed class PackageTests(SharedHost shared) : IDisposable
{
    private readonly Desk desk = new(shared.Host);

    public void Dispose() => desk.Dispose();

    [Fact]
    public async Task ToolPackage_InstalledInAnEmptyFolder_IsTheWholeClient()
    {
        var root = SourceCopy.Origin;
        var pack = await Started.RunAsync(
            SparseProcess.Dotnet(), ["pack", "src/Client", "-c", "Release", "-v", "q", "--nologo", "-o", desk["package"]], root);
        Assert.True(pack.ExitCode == 0, pack.Output);
        var install = await Started.RunAsync(
            SparseProcess.Dotnet(),
            ["tool", "install", "SparseService.Client", "--add-source", desk["package"], "--tool-path", desk["tools"]],
            Directory.CreateDirectory(desk["empty"]).FullName);
        Assert.True(install.ExitCode == 0, install.Output);

        desk.Variables["DOTNET_ROOT"] = Path.GetDirectoryName(SparseProcess.Dotnet());
        await UseAsync(desk[OperatingSystem.IsWindows() ? "tools/sparse.exe" : "tools/sparse"]);
    }

    [Fact]
    public async Task SingleFile_WithoutDotnet_IsTheWholeClient()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Published for Linux.");
        var publish = await Started.RunAsync(
            SparseProcess.Dotnet(),
            [
                "publish", "src/Client", "-c", "Release", "-r", System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier,
                "-p:PublishSingleFile=true", "-v", "q", "--nologo", "-o", desk["single"],
            ],
            SourceCopy.Origin);
        Assert.True(publish.ExitCode == 0, publish.Output);
        Assert.Equal(["sparse"], Directory.GetFiles(desk["single"]).Select(Path.GetFileName));

        desk.Variables["DOTNET_ROOT"] = "/nonexistent";
        await UseAsync(desk["single/sparse"]);
    }

    // Every part that trimming could have cut: settings, uploads, the live feed, charts, tables, downloads, predictions.
    private async Task UseAsync(string sparse)
    {
        (await RunAsync(sparse, ["--help"])).Expect(0);
        desk.Variables["SPARSE_URL"] = desk.Variables["SPARSE_KEY"] = null;
        (await RunAsync(sparse, ["login", shared.Host.Address], shared.Host.Key + "\n")).Expect(0);
        desk.Write("data/train.csv", DatasetVerbTests.Table(300, seed: 9));
        var name = $"packaged-{Guid.NewGuid():N}";
        (await RunAsync(sparse, ["datasets", "push", desk["data"], "--name", name])).Expect(0);
        var spec = desk.Write("spec.json", """{ "training": { "epochs": 5, "network": { "layers": [4, 20, 2] } } }""");
        (await RunAsync(sparse, ["topology", "preview", spec, "--layer", "1"])).Expect(0);
        (await RunAsync(sparse, ["runs", "submit", spec, "--name", name, "--dataset", name, "--wait", "--require", "loss<10"])).Expect(0);
        (await RunAsync(sparse, ["runs", "watch", name])).Expect(0);
        (await RunAsync(sparse, ["models", "pull", name, "-o", "model.safetensors"])).Expect(0);
        (await RunAsync(sparse, ["models", "predict", name, "--rows", "2", "--json"])).Expect(0);
        (await RunAsync(sparse, ["runs", "submit", spec, "--require", "nonsense", "--wait"])).Expect(5);
        if (OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"))
        {
            desk.Variables["TERM"] = "xterm-256color";
            var drawn = (await RunAsync("script", ["-qec", $"stty cols 100 rows 40; '{sparse}' runs watch {name}", "/dev/null"])).Expect(0);
            Assert.Contains(drawn.Output, letter => letter is > '\u2800' and <= '\u28ff');
        }
    }

    private async Task<Said> RunAsync(string program, string[] arguments, string? input = null)
    {
        await using var running = desk.StartProgram(program, arguments, input);
        return await running.EndAsync();
    }
}
