using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SparseService.Cli.Tests.Client;

public sealed class DatasetVerbTests(SharedHost shared) : IDisposable
{
    private const int PartBytes = 4096;
    private readonly LiveHost service = shared.Host;
    private readonly Desk desk = new(shared.Host);

    public void Dispose() => desk.Dispose();

    [Fact]
    public async Task Push_Folder_MakesADatasetThatIsListedTrainedOnAndRemoved()
    {
        desk.Write("flowers/train.csv", Table(300, seed: 1));
        desk.Write("flowers/test.csv", Table(60, seed: 2));

        var dataset = (await desk.RunAsync("datasets", "push", desk["flowers"], "--json")).Expect(0).Json;

        Assert.Equal(("flowers", 1), (dataset.GetProperty("name").GetString(), dataset.GetProperty("version").GetInt32()));
        Assert.Equal((300, 60), (dataset.GetProperty("trainRows").GetInt32(), dataset.GetProperty("testRows").GetInt32()));
        Assert.Contains("flowers", (await desk.RunAsync("datasets", "list")).Expect(0).Output, StringComparison.Ordinal);
        var spec = desk.Write("spec.json", """{ "training": { "epochs": 2, "network": { "layers": [4, 20, 2] } } }""");
        var run = (await desk.RunAsync("runs", "submit", spec, "--dataset", "flowers", "--wait", "--json")).Expect(0).Json;
        Assert.Equal(dataset.GetProperty("id").GetString(), run.GetProperty("datasetId").GetString());

        Assert.Contains("allowed", (await desk.RunAsync("datasets", "rm", "flowers")).Expect(5).Errors, StringComparison.Ordinal);
        (await desk.RunAsync("runs", "rm", run.GetProperty("id").GetString()!)).Expect(0);
        (await desk.RunAsync("datasets", "rm", "flowers")).Expect(0);
        (await desk.RunAsync("datasets", "show", "flowers")).Expect(5);
    }

    [Fact]
    public async Task Push_UploadThatWasCutOff_SendsOnlyTheOtherParts()
    {
        var text = Encoding.UTF8.GetBytes(Table(2000, seed: 3));
        await BeginAsync("cut.csv", text, parts: [0, 2, 3]);
        desk.Write("cut.csv", Encoding.UTF8.GetString(text));

        var said = (await desk.RunAsync("datasets", "push", desk["cut.csv"], "--parallel", "2")).Expect(0);

        var all = (text.Length + PartBytes - 1) / PartBytes;
        Assert.Contains($"cut.csv: 3 of {all} parts are there already", said.Errors, StringComparison.Ordinal);
        Assert.Contains("2,000 to train", said.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-file.csv")]
    [InlineData("train=no-such-file.csv")]
    [InlineData("a", "b", "c")]
    public async Task Push_WhatIsNoDataset_Returns5(params string[] paths)
    {
        var said = (await desk.RunAsync(["datasets", "push", .. paths])).Expect(5);

        Assert.DoesNotContain("   at ", said.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_FileWithAFault_NamesRowAndValue()
    {
        desk.Write("faulty.csv", "a,b,label\n1,2,x\n3,four,y\n");

        var said = (await desk.RunAsync("datasets", "push", desk["faulty.csv"])).Expect(5);

        Assert.Contains("four", said.Errors, StringComparison.Ordinal);
        Assert.Contains("allowed: ", said.Errors, StringComparison.Ordinal);
    }

    // Two classes by a straight line.
    internal static string Table(int rows, int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder("a,b,c,d,label\n");
        for (var row = 0; row < rows; row++)
        {
            var values = Enumerable.Range(0, 4).Select(_ => Math.Round(random.NextDouble() - 0.5, 4)).ToArray();
            text.Append(string.Join(',', values)).Append(',').Append(values[0] + values[1] > 0 ? "yes" : "no").Append('\n');
        }

        return text.ToString();
    }

    private async Task BeginAsync(string name, byte[] bytes, int[] parts)
    {
        using var client = new HttpClient { BaseAddress = new Uri(service.Address) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", service.Key);
        var announced = await client.PostAsJsonAsync(
            "/v1/uploads", new { fileName = name, bytes = bytes.Length, sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)) });
        var id = (await announced.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString();
        foreach (var part in parts)
        {
            using var content = new ByteArrayContent(bytes, part * PartBytes, Math.Min(PartBytes, bytes.Length - (part * PartBytes)));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            (await client.PutAsync($"/v1/uploads/{id}/parts/{part}", content)).EnsureSuccessStatusCode();
        }
    }
}
