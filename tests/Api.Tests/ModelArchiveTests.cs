using System.Diagnostics;
using System.IO.Compression;
using System.Net.Http.Headers;
using SparseService.Engine.Formats;

namespace SparseService.Api.Tests;

public sealed class ModelArchiveTests(ServiceFixture service, TrainedRun trained)
{
    private const string Python = "/usr/bin/python3";
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

    // Checks the graph, then computes it operation by operation, as ONNX defines them.
    private const string EvaluateInPython =
        """
        import sys, numpy as np, onnx
        from onnx import checker, helper, numpy_helper
        graph, rows, outputs = sys.argv[1:4]
        model = onnx.load(graph)
        checker.check_model(model, full_check=False)
        known = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
        for s in model.graph.sparse_initializer:
            dense = np.zeros(int(np.prod(s.dims)), "<f4")
            dense[numpy_helper.to_array(s.indices)] = numpy_helper.to_array(s.values)
            known[s.values.name] = dense.reshape(tuple(s.dims))
        width = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
        known["rows"] = np.fromfile(rows, "<f4").reshape(-1, width)
        def softmax(x, axis): e = np.exp(x - x.max(axis=axis, keepdims=True)); return e / e.sum(axis=axis, keepdims=True)
        operations = {
            "Sub": lambda a, b: a - b, "Mul": lambda a, b: a * b, "Add": lambda a, b: a + b, "Identity": lambda a: a,
            "Relu": lambda a: np.maximum(a, 0), "Tanh": np.tanh, "Sigmoid": lambda a: 1 / (1 + np.exp(-a)), "Clip": np.clip,
            "LeakyRelu": lambda a, alpha: np.where(a < 0, alpha * a, a), "Softmax": softmax,
            "Gemm": lambda a, b, c, transB: a @ b.T + c,
        }
        for node in model.graph.node:
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            known[node.output[0]] = operations[node.op_type](*(known[name] for name in node.input), **attributes)
        known["outputs"].astype("<f4").tofile(outputs)
        print(len(model.graph.sparse_initializer))
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

    [Theory, InlineData("npz"), InlineData("onnx")]
    public async Task Archive_ByRanges_IsTheSameFile(string format)
    {
        var whole = await GetAsync(format);
        var random = Engine.RandomStream.For(7, default);
        for (var i = 0; i < 20; i++)
        {
            var from = (int)random.NextBelow(whole.Length);
            var to = from + (int)random.NextBelow(whole.Length - from);
            using var request = new HttpRequestMessage(HttpMethod.Get, await AddressAsync(format))
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
            [("onxx", "format"), ("npz&layer=9", "layer"), ("npz&layer=-1", "layer"), ("onnx&layer=0", "layer")];
        foreach (var (query, path) in faults)
        {
            await (await service.Viewer.GetAsync(await AddressAsync(query), Cancellation)).RefusalAsync(400, path);
        }
    }

    [Fact]
    public async Task Npz_InSciPy_PredictsWhatTheServicePredicts()
    {
        await RequireAsync("scipy.sparse", "python3-scipy");
        using var folder = new Workplace();
        await folder.WriteAsync("whole.npz", await GetAsync("npz"));
        await folder.WriteAsync("layer.npz", await GetAsync("npz&layer=0"));
        await folder.WriteAsync("rows", Rows);
        var (code, output) = await RunAsync(
            Python, "-c", PredictInPython, folder["whole.npz"], folder["layer.npz"], folder["rows"], folder["outputs"]);
        Assert.True(code == 0, output);
        await ExpectServicesAnswerAsync((Guid)(await trained.GetAsync(service))["modelId"]!, folder["outputs"]);
    }

    [Theory, InlineData("relu"), InlineData("allRelu"), InlineData("sRelu")]
    public async Task Onnx_Evaluated_PredictsWhatTheServicePredicts(string activation)
    {
        await RequireAsync("onnx", "python3-onnx");
        var spec = RunTests.Spec($"onnx {activation}", epochs: 1);
        spec["training"]!["network"]!["layers"] = new JsonArray(784, 20, 15, 10);
        spec["training"]!["network"]!["activation"] = new JsonObject { ["kind"] = activation };
        var created = await (await service.Submitter.PostAsync("/v1/runs", RunTests.Json(spec), Cancellation))
            .JsonAsync(HttpStatusCode.Created);
        _ = await Feed.ReadAsync(service, created.Id(), after: 0);
        var run = await (await service.Viewer.GetAsync($"/v1/runs/{created.Id()}", Cancellation)).JsonAsync();

        using var folder = new Workplace();
        var graph = await service.Viewer.GetByteArrayAsync($"/v1/models/{run["modelId"]}/content?format=onnx", Cancellation);
        await folder.WriteAsync("graph.onnx", graph);
        await folder.WriteAsync("rows", Rows);
        var (code, output) = await RunAsync(Python, "-c", EvaluateInPython, folder["graph.onnx"], folder["rows"], folder["outputs"]);
        Assert.True(code == 0, output);
        Assert.Equal("3", output.Trim());
        await ExpectServicesAnswerAsync((Guid)run["modelId"]!, folder["outputs"]);
    }

    private static byte[] Rows => [.. Enumerable.Range(0, 5 * 784).Select(i => (float)(i * 37 % 255)).SelectMany(BitConverter.GetBytes)];

    private async Task ExpectServicesAnswerAsync(Guid model, string outputs)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/models/{model}/predict")
        {
            Content = new ByteArrayContent(Rows) { Headers = { ContentType = new("application/octet-stream") } },
            Headers = { Accept = { new("application/octet-stream") } },
        };
        var expected = await (await service.Viewer.SendAsync(request, Cancellation)).Content.ReadAsByteArrayAsync(Cancellation);
        var found = await File.ReadAllBytesAsync(outputs, Cancellation);
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < found.Length; i += sizeof(float))
        {
            Assert.Equal(BitConverter.ToSingle(expected, i), BitConverter.ToSingle(found, i), 1e-4);
        }
    }

    private static async Task RequireAsync(string module, string package) => Assert.SkipUnless(
        await RunAsync(Python, "-c", $"import {module}") is (0, _), $"Python's {module} is not installed (Debian: {package})");

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

    /// <summary>A folder that goes with the test.</summary>
    private sealed class Workplace : IDisposable
    {
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sparse-archive-");

        public string this[string name] => Path.Combine(folder.FullName, name);

        public Task WriteAsync(string name, byte[] bytes) => File.WriteAllBytesAsync(this[name], bytes, Cancellation);

        public void Dispose() => folder.Delete(recursive: true);
    }
}
