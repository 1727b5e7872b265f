using System.Text.Json;

namespace SparseService.Cli.Tests.Client;

/// <summary>deploy/ci/train.sh as it is written, against a real service: one test for each exit code of docs/cli.md.</summary>
public sealed class CiScriptTests(SharedHost shared) : IDisposable
{
    private static readonly string Script = Path.Combine(SourceCopy.Origin, "deploy", "ci", "train.sh");
    private readonly LiveHost service = shared.Host;
    private readonly Desk desk = new(shared.Host);

    public void Dispose() => desk.Dispose();

    [Fact]
    public async Task Script_RunMeetsItsRequirements_Returns0AndHasTheModel()
    {
        var said = await RunAsync(desk.WriteSpec(30), "test_accuracy>=0.2\nmodel_bytes<=2000000\n");

        said.Expect(0);
        Assert.Contains("met: test_accuracy is ", said.Errors, StringComparison.Ordinal);
        var run = JsonElement.Parse(File.ReadAllText(desk["sparse-results/run.json"]));
        Assert.Equal("succeeded", run.GetProperty("state").GetString());
        Assert.True(new FileInfo(desk["sparse-results/model.safetensors"]).Length > 1000);
    }

    [Fact]
    public async Task Script_RunFails_Returns1AndSaysWhy()
    {
        var spec = desk.Write("diverges.json", """
            {
              "dataset": { "generated": { "kind": "glyphs", "trainSamples": 400, "testSamples": 100, "seed": 5 } },
              "training": {
                "seed": 3, "epochs": 50, "batchSize": 32, "optimizer": { "kind": "sgd", "learningRate": 100, "momentum": 0.99 },
                "network": { "layers": [784, 60, 60, 60, 10], "topology": { "epsilon": 5 }, "activation": { "kind": "relu" } }
              }
            }
            """);

        var said = await RunAsync(spec, "test_accuracy>=0.2");

        said.Expect(1);
        Assert.Contains("learningRate", said.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Script_RunIsCancelled_Returns2()
    {
        await using var script = Start(desk.WriteSpec(100_000, "endless"), "test_accuracy>=0.2");
        await script.HearAsync("running");

        (await desk.RunAsync("runs", "cancel", "endless")).Expect(0);

        (await script.EndAsync()).Expect(2);
    }

    [Fact]
    public async Task Script_RunTakesTooLong_Returns3AndCancels()
    {
        desk.Variables["SPARSE_TIMEOUT"] = "2s";

        var said = await RunAsync(desk.WriteSpec(100_000, "too-long"), "test_accuracy>=0.2");

        said.Expect(3);
        Assert.Contains("Timed out after 2.0 s", said.Errors, StringComparison.Ordinal);
        (await desk.RunAsync("runs", "wait", "too-long")).Expect(2);
    }

    [Fact]
    public async Task Script_RunMissesARequirement_Returns4AndSaysByHowMuch()
    {
        var said = await RunAsync(desk.WriteSpec(2), "test_accuracy>=0.1%\ntest_accuracy>=0.9999");

        said.Expect(4);
        Assert.Contains("MISSED: test_accuracy is 0.", said.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(desk["sparse-results/model.safetensors"]));
    }

    [Theory]
    [InlineData("""{ "training": { "epochs": 0, "network": { "layers": [784, 10] } } }""", "$.training.epochs is 0; allowed: ")]
    [InlineData("""{ "training": """, "which is not a JSON object")]
    public async Task Script_BadSpec_Returns5WithFieldValueAndAllowed(string spec, string expected)
    {
        var said = await RunAsync(desk.Write("bad.json", spec), "test_accuracy>=0.2");

        said.Expect(5);
        Assert.Contains(expected, said.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Script_BadRequirementOrNothingSet_Returns5()
    {
        (await RunAsync(desk.WriteSpec(), "accuracy is good")).Expect(5);
        desk.Variables["SPARSE_KEY"] = "";
        (await RunAsync(desk.WriteSpec(), "test_accuracy>=0.2")).Expect(5);
    }

    [Fact]
    public async Task Script_NobodyAnswersOrTheKeyIsWrong_Returns6AndNeverShowsTheKey()
    {
        desk.Variables["SPARSE_URL"] = $"http://127.0.0.1:{LiveHost.FreePort()}";
        var nobody = (await RunAsync(desk.WriteSpec(), "test_accuracy>=0.2")).Expect(6);
        Assert.Contains("does not answer", nobody.Errors, StringComparison.Ordinal);

        desk.Variables["SPARSE_URL"] = service.Address;
        desk.Variables["SPARSE_KEY"] = "sk_0123abcd_" + new string('x', 43);
        var stranger = (await RunAsync(desk.WriteSpec(), "test_accuracy>=0.2")).Expect(6);
        Assert.DoesNotContain("xxx", stranger.Output + stranger.Errors, StringComparison.Ordinal);

        desk.Variables["SPARSE_KEY"] = await service.CreateKeyAsync(Persistence.Entities.ApiRole.Viewer);
        (await RunAsync(desk.WriteSpec(), "test_accuracy>=0.2")).Expect(6);
    }

    [Fact]
    public async Task Script_SameBuildTwice_MakesOneRun()
    {
        desk.Variables["SPARSE_BUILD"] = "build-77";
        var spec = desk.WriteSpec(name: "rebuilt");

        (await RunAsync(spec, "test_accuracy>=0")).Expect(0);
        (await RunAsync(spec, "test_accuracy>=0")).Expect(0);

        var runs = (await desk.RunAsync("runs", "list", "--label", "build=build-77", "--json")).Expect(0).Json;
        Assert.Equal(1, runs.GetProperty("items").GetArrayLength());
    }

    private async Task<Said> RunAsync(string spec, string require)
    {
        await using var script = Start(spec, require);
        return await script.EndAsync();
    }

    // What the example installs: a program of the name sparse in the path.
    private Running Start(string spec, string require)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The examples' script is one of a POSIX shell.");
        var client = Path.Combine(AppContext.BaseDirectory, "SparseService.Client.dll");
        var sparse = desk.Write("bin/sparse", $"#!/bin/sh\nexec '{SparseProcess.Dotnet()}' '{client}' \"$@\"\n");
        Assert.Equal(0, Started.Run("chmod", "+x", sparse).ExitCode);
        desk.Variables["PATH"] = $"{Path.GetDirectoryName(sparse)}:{Environment.GetEnvironmentVariable("PATH")}";
        desk.Variables["SPARSE_SPEC"] = spec;
        desk.Variables["SPARSE_REQUIRE"] = require;
        return desk.StartProgram("sh", [Script]);
    }
}
