using System.Security.Cryptography;

namespace SparseService.Cli.Tests;

/// <summary>A folder for a test's files, gone with the test.</summary>
internal sealed class Workplace : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sparse-cli-");

    public string this[string name] => Path.Combine(folder.FullName, name);

    /// <summary>Writes a spec that trains a small network on generated images in about a second.</summary>
    public string WriteSpec(int epochs = 3, int width = 60)
    {
        var path = this["spec.json"];
        File.WriteAllText(path, $$"""
            {
              "dataset": { "generated": { "kind": "glyphs", "trainSamples": 400, "testSamples": 100, "seed": 5 } },
              "training": {
                "seed": 3, "epochs": {{epochs}}, "batchSize": 32,
                "network": { "layers": [784, {{width}}, {{width}}, 10], "topology": { "epsilon": 5 }, "activation": { "kind": "allRelu" } },
                "dropout": 0.2
              }
            }
            """);
        return path;
    }

    public string Hash(string name) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(this[name])));

    public void Dispose() => folder.Delete(recursive: true);
}
