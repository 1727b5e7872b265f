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
    private readonly Option<string?> output = Text("--output", "FILE", "Where to; without it NAME.safetensors here.");
    private readonly Option<bool> force = Flag("--force", "Replace the file if it is another one.");

    public PullVerb()
        : base(
            "pull", "Downloads a model (safetensors) and checks its hash; the same call again goes on where the last one was cut off.",
            "./sparse models pull glyphs",
            "./sparse models pull glyphs --output model.safetensors")
    {
        output.Aliases.Add("-o");
        Add(output, force);
    }

    protected override async Task<int> RunAsync(Call call, JsonElement model, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(call.Arguments.GetValue(output) ?? $"{FileName(model.Text("name"))}.safetensors");
        if (!Directory.Exists(Path.GetDirectoryName(path)) || Directory.Exists(path))
        {
            throw new CliFault($"--output is {path}; allowed: a file in a folder that exists", ExitCode.BadInput);
        }

        var download = new ModelDownload(call.Client, model.Id(), model.Text("contentHash") ?? "", model.Whole("bytes") ?? 0);
        await download.SaveAsync(path, call.Arguments.GetValue(force), cancellationToken);
        var answer = JsonObject.Create(model)!;
        answer["path"] = path;
        return call.Show(JsonElement.Parse(answer.ToJsonString()), () => Console.WriteLine(
            $"{path}  {Words.Bytes(model.Number("bytes"))}, SHA-256 {model.Text("contentHash")} as it should be"));
    }

    // The name is the service's; what it may do here is be a name.
    private static string FileName(string? name)
    {
        var letters = (name ?? "").Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' ? letter : '-');
        var plain = string.Concat(letters).Trim('-');
        return plain.Length > 0 ? plain : "model";
    }
}
