using System.Text.Json;

namespace SparseService.Cli.Tests.Client;

public sealed class RunVerbTests(SharedHost shared) : IDisposable
{
    private readonly Desk desk = new(shared.Host);

    public void Dispose() => desk.Dispose();

    [Fact]
    public async Task Run_AsTheApiDescribesIt_IsShownByNameIdAndPrefix()
    {
        var run = await TrainAsync("described");
        var id = run.GetProperty("id").GetString()!;

        foreach (var word in new[] { "described", id, id[..13], id.ToUpperInvariant() })
        {
            var shown = (await desk.RunAsync("runs", "show", word, "--json")).Expect(0).Json;
            Assert.Equal(id, shown.GetProperty("id").GetString());
            Assert.Equal("succeeded", shown.GetProperty("state").GetString());
        }

        var words = (await desk.RunAsync("runs", "show", "described")).Expect(0).Output;
        Assert.Contains($"run            {id}", words, StringComparison.Ordinal);
        Assert.Contains("epochs         3 of 3 (100 %)", words, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', words);
        var spec = (await desk.RunAsync("runs", "show", "described", "--spec")).Expect(0).Json;
        Assert.Equal(3, spec.GetProperty("training").GetProperty("epochs").GetInt32());
    }

    [Fact]
    public async Task Run_NameThatTwoHave_IsRefusedWithBothIds()
    {
        var (one, two) = (await TrainAsync("twins"), await TrainAsync("twins"));

        var said = (await desk.RunAsync("runs", "show", "twins")).Expect(5);

        Assert.Contains("There are 2 runs named twins", said.Errors, StringComparison.Ordinal);
        Assert.All([one, two], run => Assert.Contains(run.GetProperty("id").GetString()!, said.Errors, StringComparison.Ordinal));
        Assert.Contains("sparse runs list", (await desk.RunAsync("runs", "show", "nobody")).Expect(5).Errors, StringComparison.Ordinal);
        Assert.Contains(
            "There is no run", (await desk.RunAsync("runs", "show", Guid.NewGuid().ToString())).Expect(5).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EventsAndMetrics_OfARun_AreCompleteAndInOrder()
    {
        await TrainAsync("history", epochs: 5);

        var events = (await desk.RunAsync("runs", "events", "history", "--json")).Expect(0).JsonLines;
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(item => item.GetProperty("seq").GetInt32()));
        Assert.Equal(5, events.Count(item => item.GetProperty("kind").GetString() == "epoch"));
        var states = (await desk.RunAsync("runs", "events", "history", "--kind", "state")).Expect(0).Output;
        Assert.Contains("succeeded", states, StringComparison.Ordinal);
        Assert.DoesNotContain("epoch", states, StringComparison.Ordinal);

        var metrics = (await desk.RunAsync("runs", "metrics", "history", "--series", "loss,testAccuracy", "--json")).Expect(0).Json;
        Assert.Equal(5, metrics.GetProperty("loss").GetArrayLength());
        var csv = (await desk.RunAsync("runs", "metrics", "history", "--series", "loss", "--csv")).Expect(0).Output.Split('\n');
        Assert.Equal("series,step,value", csv[0]);
        Assert.StartsWith("loss,1,", csv[1], StringComparison.Ordinal);
        Assert.Contains("STEP", (await desk.RunAsync("runs", "metrics", "history")).Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WithChanges_PostsTheChangedSpec()
    {
        var spec = desk.WriteSpec(epochs: 9);

        var run = (await desk.RunAsync(
            "runs", "submit", spec, "--name", "changed", "--epochs", "2", "--seed", "7", "--label", "team=a", "--label", "try=1", "--json"))
            .Expect(0).Json;

        Assert.Equal("changed", run.GetProperty("name").GetString());
        Assert.Equal(2, run.GetProperty("epochsTotal").GetInt32());
        Assert.Equal(7, run.GetProperty("spec").GetProperty("training").GetProperty("seed").GetInt32());
        Assert.Equal("1", run.GetProperty("labels").GetProperty("try").GetString());
        var listed = (await desk.RunAsync("runs", "list", "--label", "team=a", "--name", "chang", "--json")).Expect(0).Json;
        Assert.Equal(run.GetProperty("id").GetString(), listed.GetProperty("items")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task Submit_SpecFromStandardInput_IsTheSame()
    {
        var said = await desk.RunAsync(["runs", "submit", "-", "--name", "piped"], File.ReadAllText(desk.WriteSpec()));

        Assert.Contains("sparse runs watch ", said.Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Steering_PauseResumeCancelForkRemove_GoesItsWay()
    {
        var id = (await desk.RunAsync("runs", "submit", desk.WriteSpec(100_000, "steered"), "--json")).Expect(0).Json
            .GetProperty("id").GetString()!;
        await using (var watch = desk.Start(["runs", "watch", id, "--plain"]))
        {
            await watch.HearAsync("checkpoint");
            (await desk.RunAsync("runs", "pause", id)).Expect(0);
            await watch.HearAsync("paused");
            (await desk.RunAsync("runs", "resume", id)).Expect(0);
            (await desk.RunAsync("runs", "cancel", id, "--json")).Expect(0);
            (await watch.EndAsync()).Expect(2);
        }

        var refused = (await desk.RunAsync("runs", "pause", id)).Expect(5);
        Assert.Contains("state is cancelled; allowed: ", refused.Errors, StringComparison.Ordinal);
        var fork = (await desk.RunAsync("runs", "fork", id, "--name", "forked", "--json")).Expect(0).Json;
        Assert.True(fork.TryGetProperty("forkedFromCheckpointId", out _));
        (await desk.RunAsync("runs", "cancel", "forked")).Expect(0);
        (await desk.RunAsync("runs", "wait", "forked")).Expect(2);
        (await desk.RunAsync("runs", "rm", "forked")).Expect(0);
        (await desk.RunAsync("runs", "show", "forked")).Expect(5);
    }

    [Fact]
    public async Task Workers_OfTheService_AreListed()
    {
        Assert.Contains("alive", (await desk.RunAsync("workers")).Expect(0).Output, StringComparison.Ordinal);
        Assert.True((await desk.RunAsync("workers", "--json")).Expect(0).Json.GetProperty("items")[0].GetProperty("isAlive").GetBoolean());
    }

    [Fact]
    public async Task Topology_Preview_ForecastsAndDraws()
    {
        var spec = desk.WriteSpec();

        var words = (await desk.RunAsync("topology", "preview", spec, "--layer", "1")).Expect(0).Output;
        Assert.Contains("memory to train", words, StringComparison.Ordinal);
        Assert.Contains("784 inputs across, 60 outputs down", words, StringComparison.Ordinal);
        Assert.Contains("outputs by the number of their inputs", words, StringComparison.Ordinal);
        var forecast = (await desk.RunAsync("topology", "preview", spec, "--json")).Expect(0).Json;
        Assert.Equal(2, forecast.GetProperty("layers").GetArrayLength());
        (await desk.RunAsync("topology", "preview", spec, "--layer", "9")).Expect(5);
    }

    private async Task<JsonElement> TrainAsync(string name, int epochs = 3) =>
        (await desk.RunAsync("runs", "submit", desk.WriteSpec(epochs, name), "--wait", "--json")).Expect(0).Json;
}
