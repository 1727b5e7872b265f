using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>A spec that was written becomes a run that is watched, once.</summary>
public sealed class SubmitRunTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Submit_ThenFromThatRun_StartsTwoRuns()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await NewRunPage.OpenAsync(chromium, service, errors);
        var startFrom = page.GetByLabel("Start from", new() { Exact = true });
        await startFrom.SelectOptionAsync(new SelectOptionValue { Label = "Madelon, as published" });
        await Assertions.Expect(page.GetByLabel("Layers")).ToHaveValueAsync(new Regex("^500, "));
        await page.GetByLabel("Dataset", new() { Exact = true }).SelectOptionAsync("generated:glyphs");
        await Assertions.Expect(page.GetByLabel("Layers")).ToHaveValueAsync(new Regex("^784, .*, 10$"));
        await page.GetByLabel("Training rows").FillAsync("200");
        await page.GetByLabel("Epochs", new() { Exact = true }).FillAsync("2");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("by hand");
        await Assertions.Expect(page.Locator(".forecast")).ToContainTextAsync("an epoch");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the run" }).ClickAsync();
        await Assertions.Expect(page.Locator(".run-head .chip")).ToHaveTextAsync("Succeeded");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "by hand" })).ToBeVisibleAsync();

        var id = Regex.Match(page.Url, "#/runs/(.*)$").Groups[1].Value;
        await page.GotoAsync($"{service.Address}/dashboard/#/new?from={id}");
        await Assertions.Expect(page.GetByLabel("Name", new() { Exact = true })).ToHaveValueAsync("by hand");
        await page.GetByLabel("Epochs", new() { Exact = true }).FillAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the run" }).ClickAsync();
        await Assertions.Expect(page).Not.ToHaveURLAsync(new Regex(id));
        await Assertions.Expect(page.Locator(".run-head .chip")).ToHaveTextAsync("Succeeded");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Submit_WhoseAnswerWasLost_StartsOneRun()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var page = await NewRunPage.OpenAsync(chromium, service, []);
        await page.GetByLabel("Training rows").FillAsync("200");
        var lost = 0;
        await page.RouteAsync("**/v1/runs", async route =>
        {
            if (route.Request.Method == "POST" && lost++ == 0)
            {
                await route.FetchAsync(); // It arrives, and its answer does not.
                await route.AbortAsync();
            }
            else
            {
                await route.ContinueAsync();
            }
        });
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the run" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The service does not answer")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the run" }).ClickAsync();
        await Assertions.Expect(page.Locator(".run-head .chip")).ToBeVisibleAsync();
        await page.GotoAsync($"{service.Address}/dashboard/#/runs");
        await Assertions.Expect(page.Locator(".runs-table tbody tr")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Submit_RefusedWhileTheSpecIsChecked_SaysWhyUntilItIsChanged()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var page = await NewRunPage.OpenAsync(chromium, service, []);
        var refused = new TaskCompletionSource();
        await page.RouteAsync("**/v1/runs", route => route.AbortAsync());
        await page.RouteAsync("**/v1/topologies/preview", async route =>
        {
            await refused.Task;
            await route.ContinueAsync();
        });
        await page.GetByLabel("Training rows").FillAsync("200");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the run" }).ClickAsync();
        var why = page.GetByText("The service does not answer");
        await Assertions.Expect(why).ToBeVisibleAsync();
        await page.RunAndWaitForResponseAsync(
            () =>
            {
                refused.SetResult();
                return Task.CompletedTask;
            },
            "**/v1/topologies/preview");
        await Assertions.Expect(page.Locator(".forecast .is-old")).ToHaveCountAsync(0);
        await Assertions.Expect(why).ToBeVisibleAsync();
        await Screenshots.TakeAsync(page, "new-run-refused");

        await page.GetByLabel("Training rows").FillAsync("300");
        await Assertions.Expect(why).Not.ToBeVisibleAsync();
    }
}
