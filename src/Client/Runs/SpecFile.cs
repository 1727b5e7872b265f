using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparseService.Client.Runs;

/// <summary>A spec from a file or from standard input. What it means is the service's business.</summary>
internal static class SpecFile
{
    public const string Description = "JSON file, the body of POST /v1/runs; - is standard input.";

    /// <exception cref="CliFault">It cannot be read, or is not a JSON object.</exception>
    public static async Task<JsonObject> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var text = await TextAsync(path, cancellationToken);
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? throw new JsonException("it is no object");
        }
        catch (JsonException fault)
        {
            throw new CliFault($"SPEC is {Name(path)}, which is not a JSON object: {fault.Message}", ExitCode.BadInput);
        }
        catch (ArgumentException fault)
        {
            throw new CliFault($"SPEC is {Name(path)}, which names a property twice: {fault.Message}", ExitCode.BadInput);
        }
    }

    private static async Task<string> TextAsync(string path, CancellationToken cancellationToken)
    {
        if (path == "-")
        {
            return await Console.In.ReadToEndAsync(cancellationToken);
        }

        if (Directory.Exists(path))
        {
            throw new CliFault($"SPEC is {path}, a folder; allowed: a JSON file. Data is named by --dataset.", ExitCode.BadInput);
        }

        try
        {
            return await File.ReadAllTextAsync(path, Encoding.UTF8, cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliFault($"SPEC is {path}, which cannot be read: {fault.Message}", ExitCode.BadInput);
        }
    }

    private static string Name(string path) => path == "-" ? "standard input" : path;
}
