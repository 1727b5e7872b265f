using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>Datasets: brought in by dropping files, looked at, deleted.</summary>
public sealed class DatasetPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly ViewportSize Desktop = new() { Width = 1280, Height = 800 };

    [Fact]
    public async Task Upload_CutOffByAReload_GoesOnWhenTheFilesAreDroppedAgain()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync(("Limits:PartBytes", "65536"));
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        await page.GotoAsync(service.CreateStartUpLink());
        await page.GotoAsync($"{service.Address}/dashboard/#/datasets");
        await Assertions.Expect(page.GetByText("No datasets yet")).ToBeVisibleAsync();
        await Accessibility.CheckAsync(page);

        // The third part never arrives, for as long as the page that sends it is open.
        await page.RouteAsync("**/v1/uploads/*/parts/2", route => Task.CompletedTask);
        var table = ("flowers.csv.txt", Table(20_000));
        await page.DropAsync(table);
        await Assertions.Expect(page.GetByLabel("Dataset name")).ToHaveValueAsync("flowers.csv");
        await page.GetByLabel("Dataset name").FillAsync("flowers");
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("131 kB of")).ToBeVisibleAsync();
        await Screenshots.TakeAsync(page, "datasets-upload");
        await page.UnrouteAllAsync(new() { Behavior = UnrouteBehavior.IgnoreErrors });
        await page.ReloadAsync();

        await Assertions.Expect(page.GetByText("1 file waits from earlier uploads")).ToBeVisibleAsync();
        var sent = new List<string>();
        page.Request += (_, request) => sent.Add(Regex.Match(request.Url, @"parts/\d+$").Value);
        await page.DropAsync(table);
        await page.GetByLabel("Dataset name").FillAsync("flowers");
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload", Exact = true }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "flowers" })).ToBeVisibleAsync();
        sent.RemoveAll(string.IsNullOrEmpty);
        Assert.Equal(["parts/2", "parts/3"], sent.Take(2));
        await Assertions.Expect(page.GetByText("20 000 rows", new() { Exact = false }).Or(page.GetByText("of 20 000"))).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".column")).ToHaveCountAsync(3);
        await Assertions.Expect(page.GetByRole(AriaRole.Img, new() { Name = "Histogram of width" })).ToBeVisibleAsync();
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "dataset-table");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Upload_OfIdxFiles_ShowsPicturesAndIsDeleted()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        await page.GotoAsync(service.CreateStartUpLink());
        await page.GetByRole(AriaRole.Link, new() { Name = "Datasets" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Choose files" })).ToBeVisibleAsync();

        // A mistake first: the labels are missing.
        await page.DropAsync(("train-images-idx3-ubyte", Pictures(90)));
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("training labels is missing")).ToBeVisibleAsync();

        await page.DropAsync(("train-labels-idx1-ubyte", Labels(90)), ("train-images-idx3-ubyte", Pictures(90)));
        await page.GetByLabel("Dataset name").FillAsync("squares");
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload", Exact = true }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "squares" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".picture")).ToHaveCountAsync(40);
        await page.GetByRole(AriaRole.Button, new() { Name = "Later rows" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Img, new() { Name = "Row 41, " })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".balance-item")).ToHaveCountAsync(3);
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "dataset-pictures");

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Assertions.Expect(page.GetByText("No datasets yet")).ToBeVisibleAsync();
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Delete_OfADatasetThatARunUses_SaysWhyNot()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        await service.SubmitAsync(
            """
            {
              "dataset": { "generated": { "kind": "glyphs", "trainSamples": 100, "testSamples": 50 } },
              "training": { "epochs": 1, "batchSize": 10, "network": { "layers": [784, 20, 10] } }
            }
            """);
        var page = await chromium.OpenAsync(Desktop, []);
        await page.GotoAsync(service.CreateStartUpLink());
        await page.GotoAsync($"{service.Address}/dashboard/#/datasets");
        await page.Locator(".cards-table .cell-name a").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("1 run was trained on it");
        await page.GotoAsync($"{service.Address}/dashboard/#/datasets");
        await Assertions.Expect(page.Locator(".cards-table tbody tr")).ToHaveCountAsync(1);
        await Screenshots.TakeAsync(page, "datasets");
    }

    private static byte[] Table(int rows) => Encoding.UTF8.GetBytes(
        "length,width,petals,label\n"
        + string.Concat(Enumerable.Range(0, rows).Select(
            row => $"{row % 97 * 0.25},{row % 31},{row % 5},{(row % 3 == 0 ? "rose" : "tulip")}\n")));

    private static byte[] Pictures(int count)
    {
        var bytes = new byte[16 + (count * 64)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, 0x0803);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), count);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), 8);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(12), 8);
        for (var i = 16; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(((i - 16) / 64 % 3 * 80) + (i % 8 * 10));
        }

        return bytes;
    }

    private static byte[] Labels(int count)
    {
        var bytes = new byte[8 + count];
        BinaryPrimitives.WriteInt32BigEndian(bytes, 0x0801);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), count);
        for (var i = 0; i < count; i++)
        {
            bytes[8 + i] = (byte)(i % 3);
        }

        return bytes;
    }
}
