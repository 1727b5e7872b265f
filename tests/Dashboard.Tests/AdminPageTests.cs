using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

public sealed class AdminPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly ViewportSize Desktop = new() { Width = 1280, Height = 800 };

    private const string EndlessSpec =
        """
        {
          "name": "NAME",
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 500, "testSamples": 100 } },
          "training": { "epochs": 100000, "batchSize": 50, "network": { "layers": [784, 20, 10] } }
        }
        """;

    [Fact]
    public async Task Key_MadeAndRevoked_WorksInASecondBrowserUntilThen()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        await service.SignInAsync(page, "#/admin");
        await Assertions.Expect(page.Locator(".keys-table tbody tr")).ToHaveCountAsync(1);
        await page.GetByLabel("Name").FillAsync("a/b");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a key" }).ClickAsync();
        await Assertions.Expect(page.Locator(".key-form .field-error")).ToContainTextAsync("$.name");

        await page.GetByLabel("Name").FillAsync("a guest");
        await page.GetByLabel("Role").SelectOptionAsync("viewer");
        await page.GetByLabel("Expires").SelectOptionAsync("7");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a key" }).ClickAsync();
        var secret = await page.GetByLabel("The key a guest").InputValueAsync();
        Assert.StartsWith("sk_", secret, StringComparison.Ordinal);
        var row = page.Locator(".keys-table tbody tr", new() { HasText = "a guest" });
        await Assertions.Expect(row).ToContainTextAsync("valid until");
        await Accessibility.CheckAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("The key a guest")).ToHaveCountAsync(0);

        // The second browser: it may look, and is shown nothing that it may not do.
        var guest = await chromium.OpenAsync(Desktop, errors);
        await guest.GotoAsync(service.Address);
        await guest.GetByLabel("API key").FillAsync(secret);
        await guest.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        var pages = guest.GetByRole(AriaRole.Navigation, new() { Name = "Pages" });
        await Assertions.Expect(pages.GetByRole(AriaRole.Link, new() { Name = "Models" })).ToBeVisibleAsync();
        await Assertions.Expect(guest.GetByText("a guest · viewer")).ToBeVisibleAsync();
        await Assertions.Expect(pages.GetByRole(AriaRole.Link, new() { Name = "Admin" })).ToHaveCountAsync(0);
        Assert.All(errors, error => Assert.Contains("400", error, StringComparison.Ordinal)); // The name that was refused.

        await row.GetByRole(AriaRole.Button, new() { Name = "Revoke a guest" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Back" }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("valid until");
        await row.GetByRole(AriaRole.Button, new() { Name = "Revoke a guest" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("revoked");
        await guest.ReloadAsync();
        await Assertions.Expect(guest.GetByLabel("API key")).ToBeVisibleAsync();
        await Assertions.Expect(guest.GetByRole(AriaRole.Alert)).ToContainTextAsync("does not take this key");
    }

    [Fact]
    public async Task Admin_WithAWorkerBusy_ShowsWhoTrainsWhatWaitsAndTheRoomTaken()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        await service.SubmitAsync(EndlessSpec.Replace("NAME", "the first", StringComparison.Ordinal));
        await service.SignInAsync(page, "#/admin");
        var workers = page.GetByRole(AriaRole.Region, new() { Name = "Workers", Exact = true });
        await Assertions.Expect(workers.GetByRole(AriaRole.Link, new() { Name = "the first" })).ToBeVisibleAsync();
        await Assertions.Expect(workers).ToContainTextAsync("1 of 1");
        await Assertions.Expect(page.GetByText("Nothing waits")).ToBeVisibleAsync();

        // Posted while somebody looks: it comes by itself.
        await service.SubmitAsync(EndlessSpec.Replace("NAME", "the second", StringComparison.Ordinal));
        var waiting = page.GetByRole(AriaRole.Region, new() { Name = "Waiting runs" });
        await Assertions.Expect(waiting.GetByRole(AriaRole.Link, new() { Name = "the second" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".storage-largest")).ToContainTextAsync("dataset");
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "admin");
        Assert.Empty(errors);
    }
}
