using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>A spec, written as a form and as JSON, checked, forecast, looked at and submitted.</summary>
public sealed class NewRunTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task FormAndJson_EditedInEither_SayTheSame()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await OpenAsync(service, errors);
        var json = page.GetByLabel("Spec as JSON");

        await page.GetByLabel("Epochs", new() { Exact = true }).FillAsync("7");
        await page.GetByLabel("Layers").FillAsync("784, 120, 10");
        await page.GetByLabel("Activation").SelectOptionAsync("relu");
        await page.GetByLabel("Evolution", new() { Exact = true }).SelectOptionAsync("off");
        var spec = JsonNode.Parse(await json.InputValueAsync())!["training"]!;
        Assert.Equal(7, (int)spec["epochs"]!);
        Assert.Equal("[784,120,10]", spec["network"]!["layers"]!.ToJsonString());
        Assert.Equal("relu", (string?)spec["network"]!["activation"]!["kind"]);
        Assert.True(spec.AsObject().ContainsKey("evolution") && spec["evolution"] is null);
        await Assertions.Expect(page.GetByLabel("Drop fraction")).ToBeHiddenAsync();

        var text = (await json.InputValueAsync()).Replace("\"epochs\": 7", "\"epochs\": 9", StringComparison.Ordinal);
        await json.FillAsync(text);
        await Assertions.Expect(page.GetByLabel("Epochs", new() { Exact = true })).ToHaveValueAsync("9");

        // Text that is no JSON stays as it is, and so does the form.
        await json.FillAsync(text[..40]);
        await Assertions.Expect(page.GetByText("This is no JSON")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByLabel("Epochs", new() { Exact = true })).ToHaveValueAsync("9");
        await Assertions.Expect(page.GetByLabel("Layers")).ToHaveValueAsync("784, 120, 10");
        Assert.Equal(text[..40], await json.InputValueAsync());
        await page.GetByLabel("Epochs", new() { Exact = true }).FillAsync("8");
        Assert.Equal(8, (int)JsonNode.Parse(await json.InputValueAsync())!["training"]!["epochs"]!);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Workers_SeveralOnOneNetwork_AreASpecWithAForecast()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await OpenAsync(service, errors);
        await Assertions.Expect(page.GetByLabel("How many")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator(".forecast")).Not.ToContainTextAsync("Exchanged");

        await page.GetByLabel("Workers", new() { Exact = true }).SelectOptionAsync("on");
        await page.GetByLabel("How many").FillAsync("4");
        await Assertions.Expect(page.Locator(".forecast")).ToContainTextAsync("4 workers share memory");
        await page.GetByLabel("Transport").SelectOptionAsync("mpi");
        await Assertions.Expect(page.Locator(".forecast")).ToContainTextAsync("by 4 workers");
        await page.GetByLabel("Method").SelectOptionAsync("partitioned");
        await Assertions.Expect(page.GetByLabel("Local share at the end")).ToBeHiddenAsync();

        var spec = JsonNode.Parse(await page.GetByLabel("Spec as JSON").InputValueAsync())!["training"]!["parallel"]!;
        Assert.Equal("""{"method":"partitioned","workers":4,"transport":"mpi"}""", spec.ToJsonString());

        await page.GetByLabel("How many").FillAsync("0");
        await Assertions.Expect(page.Locator("#spec-training-parallel-workers-error")).ToContainTextAsync("1 to 1024");
        await page.GetByLabel("Workers", new() { Exact = true }).SelectOptionAsync("off");
        await Assertions.Expect(page.GetByLabel("How many")).ToBeHiddenAsync();
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Fault_OfSchemaOrService_StandsAtItsField()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var page = await OpenAsync(service, []);
        var epochs = page.GetByLabel("Epochs", new() { Exact = true });

        await epochs.FillAsync("many");
        await Assertions.Expect(epochs).ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(page.Locator("#spec-training-epochs-error")).ToHaveTextAsync(
            "\"many\" is not allowed; allowed: a whole number from 1 to 100000.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the run" }).ClickAsync();
        await Assertions.Expect(epochs).ToBeFocusedAsync();
        await epochs.FillAsync("3");
        await Assertions.Expect(page.Locator("#spec-training-epochs-error")).ToBeEmptyAsync();

        // Only the service knows that these do not fit the data.
        await page.GetByLabel("Layers").FillAsync("700, 50, 10");
        await Assertions.Expect(page.Locator("#spec-training-network-layers-error")).ToContainTextAsync("700 is not allowed");
        await Assertions.Expect(page.Locator("#spec-training-network-layers-error")).ToContainTextAsync("784, the dataset's features");

        await page.GetByLabel("Spec as JSON").FillAsync(
            """{"dataset": {"name": "nowhere"}, "training": {"network": {"layers": [8, 4, 2]}, "batchsize": 3}}""");
        await Assertions.Expect(page.Locator(".spec-faults")).ToContainTextAsync("$.training.batchsize is not a known property");
        await page.GetByLabel("Spec as JSON").FillAsync(
            """{"dataset": {"name": "nowhere"}, "training": {"network": {"layers": [8, 4, 2]}}}""");
        await Assertions.Expect(page.Locator("#spec-dataset-error")).ToContainTextAsync("a dataset that GET /v1/datasets lists");
        await Assertions.Expect(page.Locator(".forecast")).ToContainTextAsync("known with the dataset");
    }

    [Fact]
    public async Task Topology_OfALayer_IsZoomedByWheelAndKeyboard()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await OpenAsync(service, errors);
        var spy = page.Locator("canvas.spy");
        await Assertions.Expect(spy).ToHaveAttributeAsync("aria-label", new Regex("layer 1: .* neurons 0 to 783 "));
        Assert.True(await InkAsync(page) > 1000, "nothing is drawn");
        var degrees = page.GetByRole(AriaRole.Img, new() { NameRegex = new Regex("Connections of an output neuron") });
        await Assertions.Expect(degrees).ToBeVisibleAsync();
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "new-run");

        await spy.FocusAsync();
        await page.Keyboard.PressAsync("+");
        await Assertions.Expect(spy).ToHaveAttributeAsync("aria-label", new Regex("neurons 130 to 652 "));
        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(spy).ToHaveAttributeAsync("aria-label", new Regex("neurons 235 to 757 "));
        await page.Keyboard.PressAsync("0");
        await Assertions.Expect(spy).ToHaveAttributeAsync("aria-label", new Regex("neurons 0 to 783 "));
        await spy.HoverAsync();
        for (var turn = 0; turn < 12; turn++)
        {
            await page.Mouse.WheelAsync(0, -100);
        }

        // So near that each dot is one connection.
        await Assertions.Expect(page.Locator(".spy-view figcaption")).Not.ToContainTextAsync("in a dot");
        await page.GetByLabel("Layer", new() { Exact = true }).SelectOptionAsync("3");
        await Assertions.Expect(spy).ToHaveAttributeAsync("aria-label", new Regex("layer 3: .* output neurons 0 to 9$"));
        Assert.Empty(errors);
    }

    private Task<IPage> OpenAsync(LiveApplication service, List<string> errors) => NewRunPage.OpenAsync(chromium, service, errors);

    private static Task<int> InkAsync(IPage page) => page.EvaluateAsync<int>(
        """
        () => {
          const canvas = document.querySelector("canvas.spy");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return data.filter((value, index) => index % 4 === 3 && value > 0).length;
        }
        """);
}
