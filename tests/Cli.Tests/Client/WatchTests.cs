namespace SparseService.Cli.Tests.Client;

public sealed class WatchTests(SharedHost shared) : IDisposable
{
    private readonly Desk desk = new(shared.Host);

    public void Dispose() => desk.Dispose();

    [Fact]
    public async Task Watch_Piped_PrintsALineForEachEpochWithoutColours()
    {
        var said = (await desk.RunAsync("runs", "submit", desk.WriteSpec(20), "--watch", "--require", "loss<100")).Expect(0);

        for (var epoch = 1; epoch <= 20; epoch++)
        {
            Assert.Contains($" {epoch}/20 ", said.Output, StringComparison.Ordinal);
        }

        Assert.Contains("met: loss is ", said.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', said.Output + said.Errors);
    }

    [Fact]
    public async Task Watch_Json_PrintsOneObjectALineWithEveryEventOnce()
    {
        var lines = (await desk.RunAsync("runs", "submit", desk.WriteSpec(20), "--watch", "--json")).Expect(0).JsonLines;

        var events = lines.Where(line => line.TryGetProperty("seq", out _)).Select(line => line.GetProperty("seq").GetInt32()).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events);
        Assert.All(lines, line => Assert.True(line.TryGetProperty("kind", out _)));
        var end = lines[^1];
        Assert.Equal("end", end.GetProperty("kind").GetString());
        Assert.Equal(0, end.GetProperty("exitCode").GetInt32());
        Assert.Equal(events.Count, end.GetProperty("run").GetProperty("lastEventSeq").GetInt32());
    }

    [Theory]
    [InlineData("watch")]
    [InlineData("wait")]
    public async Task Interrupt_WhileFollowing_LeavesTheRunAloneAndSaysHowToComeBack(string verb)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signal that a test could send to one process.");
        var id = await SubmitAsync("left-alone");
        await using var client = desk.Start(["runs", verb, id]);
        await client.HearAsync("running");

        client.Interrupt();

        var said = (await client.EndAsync()).Expect(130);
        Assert.Contains($"sparse runs {verb} {id}", said.Errors, StringComparison.Ordinal);
        var run = (await desk.RunAsync("runs", "show", id, "--json")).Expect(0).Json;
        Assert.Equal("running", run.GetProperty("state").GetString());
        (await desk.RunAsync("runs", "cancel", id)).Expect(0);
    }

    [Fact]
    public async Task Watch_TimeIsOver_Returns3AndTheRunGoesOn()
    {
        var id = await SubmitAsync("timed");

        var said = (await desk.RunAsync("runs", "watch", id, "--timeout", "1s")).Expect(3);

        Assert.Contains($"sparse runs watch {id}", said.Errors, StringComparison.Ordinal);
        var run = (await desk.RunAsync("runs", "show", id, "--json")).Expect(0).Json;
        Assert.Equal("running", run.GetProperty("state").GetString());
        (await desk.RunAsync("runs", "cancel", id)).Expect(0);
    }

    [Fact]
    public async Task Watch_ServiceIsRestarted_GoesOnWithoutAGap()
    {
        await using var own = new LiveHost();
        await own.StartAsync();
        using var place = new Desk(own);
        var spec = place.WriteSpec(400);
        await using var watch = place.Start(["runs", "submit", spec, "--watch", "--json"]);
        await watch.HearAsync("\"kind\":\"epoch\"");

        await own.StopAsync();
        await watch.HearAsync("\"kind\":\"lost\"");
        await own.StartAsync();

        var lines = (await watch.EndAsync()).Expect(0).JsonLines;
        Assert.Contains(lines, line => line.GetProperty("kind").GetString() == "back");
        var events = lines.Where(line => line.TryGetProperty("seq", out _)).Select(line => line.GetProperty("seq").GetInt32()).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events);
        Assert.Equal(400, lines.Count(line => line.GetProperty("kind").GetString() == "epoch"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Watch_Terminal_DrawsCurvesAndMindsNoColor(bool noColor)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"), "script (util-linux) makes the terminal.");
        desk.Variables["TERM"] = "xterm-256color";
        desk.Variables["NO_COLOR"] = noColor ? "1" : null;
        var client = Path.Combine(AppContext.BaseDirectory, "SparseService.Client.dll");
        var command = $"stty cols 100 rows 40; exec '{SparseProcess.Dotnet()}' '{client}' runs submit '{desk.WriteSpec(60)}' --watch";

        await using var terminal = desk.StartProgram("script", ["-qec", command, "/dev/null"]);
        var said = (await terminal.EndAsync()).Expect(0);

        Assert.Contains(said.Output, letter => letter is > '\u2800' and <= '\u28ff');
        Assert.Contains("train loss", said.Output, StringComparison.Ordinal);
        Assert.Contains("density", said.Output, StringComparison.Ordinal);
        Assert.Contains("epoch 60/60", said.Output, StringComparison.Ordinal);
        Assert.Equal(!noColor, said.Output.Contains("\u001b[38;5;", StringComparison.Ordinal));
    }

    private async Task<string> SubmitAsync(string name) =>
        (await desk.RunAsync("runs", "submit", desk.WriteSpec(100_000, name), "--json")).Expect(0).Json.GetProperty("id").GetString()!;
}
