using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparseService.Cli.Hosting;
using SparseService.Cli.Machine;
using SparseService.Cli.Training;
using SparseService.Client.Connection;
using SparseService.Client.Datasets;
using SparseService.Engine.Data;
using SparseService.Engine.Training;

namespace SparseService.Cli.Demo;

/// <summary>Brings the demo's data into the service, once: the data folder remembers which dataset came from which files.</summary>
internal sealed class DemoDatasets(ServiceClient client, DataFolder folder)
{
    private const int ParallelParts = 4;

    /// <summary>Finds out that data is missing before anything is built or started.</summary>
    /// <exception cref="CliFault">The plan needs files and there are none named.</exception>
    /// <exception cref="DatasetFormatException">The files that are named are no dataset.</exception>
    public static void Require(DemoPlan plan, string? data)
    {
        if (data is not null)
        {
            DatasetImport.Detect(data);
        }
        else if (plan.Generated is null)
        {
            throw new CliFault(
                $"The {plan.Name} demo reads IDX files: ./sparse demo {plan.Name} --data DIR, where DIR holds train-images-idx3-ubyte.gz, "
                + "train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz.", ExitCode.BadInput);
        }
    }

    /// <returns>The dataset's id.</returns>
    public async Task<Guid> RequireAsync(DemoPlan plan, string? data, CancellationToken cancellationToken)
    {
        if (data is not null)
        {
            return await RequireAsync(plan.Name, data, cancellationToken);
        }

        var generated = plan.Generated ?? throw new InvalidOperationException($"{plan.Name} has neither files nor a generator");
        var memory = MemoryOf(JsonSerializer.Serialize(generated, RunSpecJson.Options));
        if (await RecallAsync(memory, cancellationToken) is { } known)
        {
            return known;
        }

        Console.WriteLine($"Drawing {generated.TrainSamples + generated.TestSamples:N0} samples of {plan.Name} …");
        using var files = new TemporaryFolder();
        using (var store = SampleStore.Open(DatasetCache.Find(generated, cancellationToken)))
        {
            GeneratedFiles.Write(store, plan.Name, files.Path);
        }

        return await UploadAsync(plan.Name, files.Path, memory, cancellationToken);
    }

    private async Task<Guid> RequireAsync(string name, string data, CancellationToken cancellationToken)
    {
        var key = new StringBuilder(name);
        foreach (var file in DatasetImport.Detect(data).Files.Values.Order(StringComparer.Ordinal))
        {
            await using var stream = File.OpenRead(file);
            key.Append(Convert.ToHexString(await SHA256.HashDataAsync(stream, cancellationToken)));
        }

        var memory = MemoryOf(key.ToString());
        return await RecallAsync(memory, cancellationToken) ?? await UploadAsync(name, data, memory, cancellationToken);
    }

    private async Task<Guid> UploadAsync(string name, string data, string memory, CancellationToken cancellationToken)
    {
        var (options, files) = DatasetImport.Detect(data);
        var uploads = new JsonObject();
        foreach (var (role, path) in files)
        {
            Console.WriteLine($"Uploading {Path.GetFileName(path)} ({new FileInfo(path).Length / 1e6:0.0} MB) …");
            var upload = await new FileUpload(client, ParallelParts).SendAsync(path, cancellationToken);
            uploads[JsonNamingPolicy.CamelCase.ConvertName(role.ToString())] = upload.ToString();
        }

        var format = JsonNamingPolicy.CamelCase.ConvertName(options.Format.ToString());
        var body = new JsonObject { ["name"] = name, ["format"] = format, ["files"] = uploads };
        var dataset = await client.PostAsync("v1/datasets", body, cancellationToken);
        var id = dataset.Id();
        folder.WriteSecret(memory, id.ToString());
        return id;
    }

    private async Task<Guid?> RecallAsync(string memory, CancellationToken cancellationToken) =>
        Guid.TryParse(folder.Read(memory), out var id) && await client.FindAsync($"v1/datasets/{id}", cancellationToken) is not null
            ? id
            : null;

    private static string MemoryOf(string key) => $"demo-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..16]}";
}
