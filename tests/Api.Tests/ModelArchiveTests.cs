using System.Diagnostics;
using System.IO.Compression;
using System.Net.Http.Headers;
using SparseService.Engine.Formats;

namespace SparseService.Api.Tests;

public sealed class ModelArchiveTests(ServiceFixture service, TrainedRun trained)
{
    private const int NpyPrelude = 10;

    // Reads the archive as docs/formats.md says, and predicts with nothing but NumPy and SciPy.
    private const string PredictInPython =
        """
        import sys, json, numpy, scipy.sparse
        whole, layer, rows, outputs = sys.argv[1:5]
        z = numpy.load(whole, allow_pickle=False)
        options = json.loads(z["options"].item())
        x = (numpy.fromfile(rows, "<f4").reshape(-1, options["network"]["layers"][0]) - z["normalization.shift"]) * z["normalization.scale"]
        count = len(options["network"]["layers"]) - 1
        for n in range(count):
            data, indices, indptr, shape = (z[f"layers.{n}.{part}"] for part in ("data", "indices", "indptr", "shape"))
            w = scipy.sparse.csr_matrix((data, indices, indptr), shape=tuple(shape))
            x = (w @ x.T).T + z[f"layers.{n}.bias"]
            if n < count - 1: x = numpy.maximum(x, 0)
        e = numpy.exp(x - x.max(axis=1, keepdims=True))
        (e / e.sum(axis=1, keepdims=True)).astype("<f4").tofile(outputs)
        alone = scipy.sparse.load_npz(layer)
        assert alone.shape == tuple(z["layers.0.shape"]) and (alone.data == z["layers.0.data"]).all(), alone
        assert json.loads(z["data"].item())["classNames"], "no class names"
        print(alone.nnz)
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Npz_ReadAsZip_HoldsTheArraysOfTheModel()
    {
        var bytes = await GetAsync("npz");
        Assert.Equal(bytes, await GetAsync("npz")); // Also with the checksums at hand.
        var stored = new MemoryStream(await GetAsync("safetensors"));
        var header = SafetensorsHeader.Read(stored);
        var arrays = (int)stored.Position;
        await using var zip = new ZipArchive(new MemoryStream(bytes));
        foreach (var (name, tensor) in new[]
        {
            ("layers.0.indptr", "layers.0.rowOffsets"), ("layers.1.indices", "layers.1.columnIndices"),
            ("layers.1.data", "layers.1.values"), ("layers.0.bias", "layers.0.bias"), ("normalization.scale", "normalization.scale"),
        })
        {
            var entry = header.Entries.Single(entry => entry.Name == tensor);
            using var file = new MemoryStream();
            await using (var content = await zip.GetEntry(name + ".npy")!.OpenAsync(Cancellation))
            {
                await content.CopyToAsync(file, Cancellation); // Checks the CRC too.
            }

            var npy = file.ToArray();
            var start = NpyPrelude + BitConverter.ToUInt16(npy, 8);
            Assert.Equal(0, start % 64);
            Assert.Contains($"({entry.Shape[0]},)", Encoding.ASCII.GetString(npy, 0, start), StringComparison.Ordinal);
            Assert.Equal(stored.ToArray()[(arrays + (int)entry.Start)..(arrays + (int)entry.End)], npy[start..]);
        }
    }

    [Fact]
    public async Task Npz_ByRanges_IsTheSameFile()
    {
        var whole = await GetAsync("npz");
        var random = Engine.RandomStream.For(7, default);
        for (var i = 0; i < 20; i++)
        {
            var from = (int)random.NextBelow(whole.Length);
            var to = from + (int)random.NextBelow(whole.Length - from);
            using var request = new HttpRequestMessage(HttpMethod.Get, await AddressAsync("npz"))
            {
                Headers = { Range = new RangeHeaderValue(from, to) },
            };
            using var answer = await service.Viewer.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
            Assert.Equal(whole[from..(to + 1)], await answer.Content.ReadAsByteArrayAsync(Cancellation));
        }
    }

    [Fact]
    public async Task Content_UnknownFormatOrLayer_IsRefused()
    {
        (string, string)[] faults =
            [("onxx", "format"), ("npz&layer=9", "layer"), ("npz&layer=-1", "layer"), ("safetensors&layer=0", "layer")];
        foreach (var (query, path) in faults)
        {
            await (await service.Viewer.GetAsync(await AddressAsync(query), Cancellation)).RefusalAsync(400, path);
        }
    }

    [Fact]
    public async Task Npz_InSciPy_PredictsWhatTheServicePredicts()
    {
        const string Python = "/usr/bin/python3";
        Assert.SkipUnless(
            await RunAsync(Python, "-c", "import scipy.sparse") is (0, _), "Python with SciPy is not installed (Debian: python3-scipy)");
        var folder = Directory.CreateTempSubdirectory("sparse-npz-").FullName;
        try
        {
            string Place(string name) => Path.Combine(folder, name);
            await File.WriteAllBytesAsync(Place("whole.npz"), await GetAsync("npz"), Cancellation);
            await File.WriteAllBytesAsync(Place("layer.npz"), await GetAsync("npz&layer=0"), Cancellation);
            var rows = Enumerable.Range(0, 5 * 784).Select(i => (float)(i * 37 % 255)).SelectMany(BitConverter.GetBytes).ToArray();
            await File.WriteAllBytesAsync(Place("rows"), rows, Cancellation);
            var (code, output) = await RunAsync(
                Python, "-c", PredictInPython, Place("whole.npz"), Place("layer.npz"), Place("rows"), Place("outputs"));
            Assert.True(code == 0, output);

            var run = await trained.GetAsync(service);
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/models/{run["modelId"]}/predict")
            {
                Content = new ByteArrayContent(rows) { Headers = { ContentType = new("application/octet-stream") } },
                Headers = { Accept = { new("application/octet-stream") } },
            };
            var expected = await (await service.Viewer.SendAsync(request, Cancellation)).Content.ReadAsByteArrayAsync(Cancellation);
            var found = await File.ReadAllBytesAsync(Place("outputs"), Cancellation);
            Assert.Equal(expected.Length, found.Length);
            for (var i = 0; i < found.Length; i += 4)
            {
                Assert.Equal(BitConverter.ToSingle(expected, i), BitConverter.ToSingle(found, i), 1e-4);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        if (!File.Exists(program))
        {
            return (-1, "");
        }

        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, output + await errors);
    }

    private async Task<string> AddressAsync(string format) =>
        $"/v1/models/{(await trained.GetAsync(service))["modelId"]}/content?format={format}";

    private async Task<byte[]> GetAsync(string format)
    {
        using var answer = await service.Viewer.GetAsync(await AddressAsync(format), Cancellation);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
        return await answer.Content.ReadAsByteArrayAsync(Cancellation);
    }
}
