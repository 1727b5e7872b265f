using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;

namespace SparseService.Client.Models;

/// <summary><c>sparse models pull MODEL</c>.</summary>
internal sealed class PullVerb : ModelVerb
{
    private readonly Option<string?> output = Text("--output", "FILE", "Where to; without it NAME.safetensors (or .npz) here.");
    private readonly Option<string?> format = Text("--format", "FORMAT", "safetensors (default), or npz for NumPy and SciPy.");
    private readonly Option<bool> force = Flag("--force", "Replace the file if it is another one.");

    public PullVerb()
        : base(
            "pull", "Downloads a model and checks its hash; the same call again goes on where the last one was cut off.",
            "./sparse models pull glyphs",
            "./sparse models pull glyphs --output model.safetensors",
            "./sparse models pull glyphs --format npz")
    {
        output.Aliases.Add("-o");
        AllowOnly(format, "safetensors", "npz");
        Add(output, format, force);
    }

    protected override async Task<int> RunAsync(Call call, JsonElement model, CancellationToken cancellationToken)
    {
        var kind = call.Arguments.GetValue(format) ?? "safetensors";
        var path = Path.GetFullPath(call.Arguments.GetValue(output) ?? $"{FileName(model.Text("name"))}.{kind}");
        if (!Directory.Exists(Path.GetDirectoryName(path)) || Directory.Exists(path))
        {
            throw new CliFault($"--output is {path}; allowed: a file in a folder that exists", ExitCode.BadInput);
        }

        var hash = model.Text("contentHash") ?? "";
        var download = kind == "npz"
            ? new ModelDownload(call.Client, $"v1/models/{model.Id()}/content?format=npz", $"{hash}-npz-", null)
            : new ModelDownload(call.Client, $"v1/models/{model.Id()}/content", hash, hash);
        await download.SaveAsync(path, call.Arguments.GetValue(force), cancellationToken);
        var answer = JsonObject.Create(model)!;
        answer["path"] = path;
        var proof = kind == "npz" ? "complete" : $"SHA-256 {hash} as it should be";
        return call.Show(
            JsonElement.Parse(answer.ToJsonString()), () =>
                Console.WriteLine($"{Path.GetRelativePath(".", path)}  {Words.Bytes(new FileInfo(path).Length)}, {proof}"));
    }

    // The name is the service's; what it may do here is be a name.
    private static string FileName(string? name)
    {
        var letters = (name ?? "").Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' ? letter : '-');
        var plain = string.Concat(letters).Trim('-');
        return plain.Length > 0 ? plain : "model";
    }
}
